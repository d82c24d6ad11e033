/**
 * The whole wizard and a first conversation, through a client generated from the OpenAPI document.
 *
 *     node walk.js BASE_URL API_KEY
 *
 * Prints the forwarding address, waits until a mail to it has become a conversation, and prints
 * what was read as one line of JSON.
 */

import createClient from "openapi-fetch";
import type { components, paths } from "./inbox.js";

type Problem = components["schemas"]["Problem"];
type Setup = components["schemas"]["SetupView"];
type Answer<T> = { data?: T; error?: Problem; response: Response };

const [baseUrl = "", key = ""] = process.argv.slice(2);
const inbox = createClient<paths>({
  baseUrl,
  headers: { Authorization: `Bearer ${key}` },
});

/** The body of an answer; a refusal ends the program with its code. */
function good<T>({ data, error, response }: Answer<T>): T {
  if (data === undefined) {
    throw new Error(`${response.url}: ${response.status} ${error?.code}: ${error?.detail}`);
  }
  return data;
}

function undone(setup: Setup): string[] {
  return setup.steps.filter((step) => !step.done).map((step) => step.name);
}

/** Draft, sender, routing, tickets, forwarding address, set-up, connect. */
async function connect(): Promise<components["schemas"]["ChannelView"]> {
  const ann = good(
    await inbox.POST("/v1/users", { body: { name: "Ann Lee", email: "ann@acme.example" } }),
  );
  const draft = good(
    await inbox.POST("/v1/channels", {
      body: { shared: true, provider: "other", team_address: "support@acme.example" },
      params: { header: { "Idempotency-Key": "the first channel" } },
    }),
  );
  const params = { path: { channel_id: draft.id } };
  good(
    await inbox.PUT("/v1/channels/{channel_id}/sender-identity", {
      params,
      body: {
        name_style: "agent_and_company",
        company_name: "Acme Lamps",
        address: { kind: "default" },
      },
    }),
  );
  const preview = good(
    await inbox.GET("/v1/channels/{channel_id}/sender-identity/preview", {
      params: { ...params, query: { user_id: ann.id } },
    }),
  );
  if (preview.from_name !== "Ann Lee from Acme Lamps") throw new Error(preview.from_header);
  good(
    await inbox.PUT("/v1/channels/{channel_id}/routing", {
      params,
      body: { mode: "users_and_teams", user_ids: [ann.id] },
    }),
  );
  const [pipeline] = good(await inbox.GET("/v1/ticket-pipelines")).items;
  const [stage] = pipeline?.stages ?? [];
  if (!pipeline || !stage) throw new Error("There is no pipeline.");
  good(
    await inbox.PUT("/v1/channels/{channel_id}/ticket-automation", {
      params,
      body: {
        enabled: true,
        properties: { pipeline_id: pipeline.id, stage_id: stage.id, priority: "high" },
      },
    }),
  );
  good(
    await inbox.PUT("/v1/channels/{channel_id}/forwarding-address", {
      params,
      body: { local_part: "help" },
    }),
  );
  const setup = good(await inbox.GET("/v1/channels/{channel_id}/setup", { params }));
  if (!setup.ready) throw new Error(`Not ready: ${undone(setup).join(", ")}`);
  return good(await inbox.POST("/v1/channels/{channel_id}/connect", { params }));
}

/** What came of the first mail: author, words, who it is assigned to, its ticket. */
async function read(channelId: string): Promise<unknown> {
  const query = { channel_id: channelId, state: "open" } as const;
  for (let tries = 0; tries < 200; tries++) {
    const [conversation] = good(
      await inbox.GET("/v1/conversations", { params: { query } }),
    ).items;
    if (conversation) {
      const { items } = good(
        await inbox.GET("/v1/conversations/{conversation_id}/messages", {
          params: { path: { conversation_id: conversation.id } },
        }),
      );
      const message = items.find((one) => one.kind === "message");
      const { ticket_id } = conversation;
      if (!message || !ticket_id) throw new Error("The conversation is not whole.");
      const ticket = good(
        await inbox.GET("/v1/tickets/{ticket_id}", { params: { path: { ticket_id } } }),
      );
      return {
        subject: conversation.subject,
        author: message.author.address,
        reply_text: message.reply_text.trim(),
        assigned: conversation.assignee_id !== null,
        priority: ticket.priority,
      };
    }
    await new Promise((resume) => setTimeout(resume, 100));
  }
  throw new Error("No mail came.");
}

const channel = await connect();
const again = await inbox.PUT("/v1/channels/{channel_id}/forwarding-address", {
  params: { path: { channel_id: channel.id } },
  body: { local_part: "another" },
});
if (again.error?.code !== "channel.address_frozen") throw new Error("It is not frozen.");
console.log(channel.forwarding_address);
console.log(JSON.stringify(await read(channel.id)));
