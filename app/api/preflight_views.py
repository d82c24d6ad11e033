"""What a reply would be, on the wire."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from app.api.message_views import Person
from app.domain.conversations import Preflight


class RecipientView(BaseModel):
    """Somebody who would get the mail, and why."""

    name: str
    address: str
    role: Literal["to", "cc", "bcc"]
    reason: str = Field(description="Why this address gets it, for people.")


class AlignmentView(BaseModel):
    """Would the mail pass DMARC (RFC 7489)?"""

    from_domain: str = Field(description="The domain that receivers ask for its policy.")
    dkim_domain: str | None = Field(description="Whose signature it carries.")
    spf_domain: str = Field(description="The domain of the envelope sender.")
    dmarc: bool = Field(description="True: the signature or the envelope sender is aligned.")
    policy: str | None = Field(
        description="What the From's domain publishes: `none`, `quarantine`, `reject`; null: it "
        "was not asked."
    )


class SuppressedView(BaseModel):
    """Somebody who would not get the mail."""

    address: str
    reason: str
    until: datetime


class ReplyWarning(BaseModel):
    """Something that one should know; `code` is stable."""

    code: str
    detail: str


class AnsweredView(BaseModel):
    """A mail that came or went since `expected_last_message_id`."""

    message_id: str
    author: Person
    at: datetime


class PreflightView(BaseModel):
    """What would leave."""

    model_config = ConfigDict(populate_by_name=True, serialize_by_alias=True)

    sender: Annotated[Person, Field(alias="from")]
    from_header: str = Field(description="The From field as it is written.")
    reply_to: str | None = Field(description="Null: answers to From come back by themselves.")
    envelope_from: str = Field(
        description="The reverse-path; `*` is another text for every recipient, so that a bounce "
        "names whom it is about."
    )
    message_id_domain: str
    recipients: list[RecipientView]
    subject: str
    in_reply_to: str | None
    references: list[str]
    size: int = Field(description="Octets of the whole mail, encoded and signed.")
    alignment: AlignmentView
    suppressed: list[SuppressedView] = Field(
        description="Addresses that were found not to work: a reply to them is refused (409 "
        "`replies.suppressed`) without `override_suppression`."
    )
    warnings: list[ReplyWarning]
    answered_since: list[AnsweredView] = Field(
        description="Who has written since `expected_last_message_id`."
    )


def preflight_view(found: Preflight) -> PreflightView:
    """The pre-flight as the contract shows it."""
    planned, outgoing, alignment = found.plan, found.plan.outgoing, found.alignment
    return PreflightView(
        sender=Person(name=outgoing.from_.name, address=outgoing.from_.address),
        from_header=found.from_header,
        reply_to=outgoing.reply_to.address if outgoing.reply_to else None,
        envelope_from=f"bounce-*@{planned.in_force.return_domain}",
        message_id_domain=outgoing.message_id.rpartition("@")[2],
        recipients=[
            RecipientView.model_validate(
                {
                    "name": one.box.name,
                    "address": one.box.address,
                    "role": one.role,
                    "reason": one.reason,
                }
            )
            for one in planned.addressed.people
        ],
        subject=outgoing.subject,
        in_reply_to=outgoing.in_reply_to,
        references=list(outgoing.references),
        size=found.size,
        alignment=AlignmentView(
            from_domain=alignment.from_domain,
            dkim_domain=alignment.dkim_domains[0] if alignment.dkim_domains else None,
            spf_domain=alignment.spf_domain,
            dmarc=alignment.would_pass,
            policy=found.policy,
        ),
        suppressed=[
            SuppressedView(address=one.box.address, reason=why.reason, until=why.expires_at)
            for one, why in found.suppressed
        ],
        warnings=[ReplyWarning(code=one.code, detail=one.detail) for one in found.warnings],
        answered_since=[
            AnsweredView(
                message_id=one.id,
                author=Person(name=one.author_name, address=one.author_address),
                at=one.created_at,
            )
            for one in planned.answered_since
        ],
    )
