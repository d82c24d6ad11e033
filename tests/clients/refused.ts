/**
 * What the types refuse, because the contract does. Compiled with `walk.ts` and never run: the
 * compiler complains of an `@ts-expect-error` behind which nothing is wrong.
 */

import type { Client } from "openapi-fetch";
import type { components, paths } from "./inbox.js";

export async function refused(inbox: Client<paths>): Promise<void> {
  // @ts-expect-error There is no such provider.
  await inbox.POST("/v1/channels", { body: { shared: true, provider: "none of these" } });
  // @ts-expect-error A user has an e-mail address.
  await inbox.POST("/v1/users", { body: { name: "Ann Lee" } });
  // @ts-expect-error Members are a list.
  await inbox.POST("/v1/teams", { body: { name: "All", member_ids: "usr_1" } });
  // @ts-expect-error A conversation has an id.
  await inbox.GET("/v1/conversations/{conversation_id}", {});
  // @ts-expect-error There is no such path.
  await inbox.GET("/v1/conversation", {});
}

export function shown(message: components["schemas"]["MessageView"]): string {
  // @ts-expect-error A mail may be plain text only.
  return message.html;
}
