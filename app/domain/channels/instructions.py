"""
How to make a provider forward to a channel, with the channel's addresses filled in (B8). Pure.

The menus are the providers' own and change now and then; words are those of the English pages.
"""

from __future__ import annotations

from dataclasses import dataclass

PROVIDERS = (
    "gmail",
    "google_group",
    "microsoft365",
    "exchange",
    "cpanel",
    "postfix",
    "exim",
    "other",
)


@dataclass(frozen=True, slots=True)
class Instructions:
    """What to do at the provider, in order; `notes` say what often goes wrong."""

    provider: str
    title: str
    steps: tuple[str, ...]
    notes: tuple[str, ...]
    address: str


def instructions_for(provider: str, *, address: str, team_address: str | None) -> Instructions:
    """The instructions for one of PROVIDERS. Raises KeyError for others."""
    title, steps, notes = _TEXTS[provider]
    team = team_address or "support@your-domain.example"
    local, _, domain = team.rpartition("@")

    def filled(texts: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(
            text.replace("<address>", address)
            .replace("<team>", team)
            .replace("<local>", local)
            .replace("<domain>", domain)
            for text in texts
        )

    return Instructions(provider, title, filled(steps), filled((*notes, _COPY)), address)


_COPY = (
    "Mail that is sent to <address> directly arrives as well: a first mail there shows that the "
    "channel works, one to <team> that the forwarding does."
)

_TEXTS: dict[str, tuple[str, tuple[str, ...], tuple[str, ...]]] = {
    "gmail": (
        "Forward a Gmail or Google Workspace mailbox",
        (
            "Sign in to the mailbox <team> in a browser and open Settings > See all settings > "
            "Forwarding and POP/IMAP.",
            "Choose Add a forwarding address, enter <address>, then Next and Proceed.",
            "Google sends a confirmation to that address. Its code and link appear here at the "
            "channel's forwarding status within a minute: enter the code in the same tab, or open "
            "the link and confirm.",
            "Reload the settings, choose Forward a copy of incoming mail to <address> and what "
            "happens to Gmail's copy, and save the changes.",
        ),
        (
            "Gmail does not forward what it takes for spam. A filter with Never send it to Spam "
            "and Forward to <address> forwards that too.",
            "If there is no such setting, the administrator has switched automatic forwarding off: "
            "Admin console > Apps > Google Workspace > Gmail > End User Access.",
            "An administrator can forward without a confirmation: Admin console > Apps > Google "
            "Workspace > Gmail > Routing, or Default routing for a whole domain.",
        ),
    ),
    "google_group": (
        "Add the address to a Google Group",
        (
            "Open the group <team> at groups.google.com as an owner or manager.",
            "In Group settings allow members from outside of the organization, and under Who can "
            "post choose Anyone on the web, so that customers can write to the group.",
            "Open People > Members > Add members, enter <address>, switch on Directly add "
            "members and add it.",
            "At the new member set the subscription to Each email: digests and abridged mail "
            "cannot become conversations.",
        ),
        (
            "For senders whose domain has a strict DMARC policy the group puts its own address "
            "into From. Who wrote is read from the fields the group adds; for that the channel "
            "has to know <team> as its team address and group as its source.",
            "If the members from outside cannot be added, the Workspace administrator has to "
            "allow it: Admin console > Apps > Google Workspace > Groups for Business > Sharing "
            "settings.",
            "Mail that the group holds for moderation arrives when it is approved. Group settings "
            "> Message moderation and Spam message handling decide what is held.",
        ),
    ),
    "microsoft365": (
        "Forward a Microsoft 365 mailbox or shared mailbox",
        (
            "Allow the forwarding first, because Microsoft 365 blocks automatic forwarding to "
            "other organizations by default: Microsoft Defender portal > Email & collaboration > "
            "Policies & rules > Threat policies > Anti-spam > Create policy > Outbound. Give it "
            "<team> only, and set Automatic forwarding rules to On.",
            "In the Exchange admin center open Recipients > Mailboxes, choose <team> and open its "
            "email forwarding.",
            "Forward all emails to <address> and keep the copy in the mailbox.",
            "Or in PowerShell: Set-Mailbox -Identity <team> -ForwardingSmtpAddress <address> "
            "-DeliverToMailboxAndForward $true",
        ),
        (
            "If the sender gets a report with 550 5.7.520 (external forwarding is not allowed), "
            "the outbound policy of the first step is missing or does not cover the mailbox yet.",
            "With a rule in Outlook choose Redirect to. Forward to makes the mailbox the sender, "
            "and who wrote has to be read from the text.",
            "A second forwarding rule does not fire for mail that a rule has forwarded already.",
        ),
    ),
    "exchange": (
        "Forward a mailbox of an Exchange server",
        (
            "In the Exchange admin center create a mail contact with the external address "
            "<address>: recipients > contacts > new mail contact.",
            "Open recipients > mailboxes, edit <team>, then mailbox features > Mail Flow > "
            "Delivery Options > View details.",
            "Enable forwarding to the contact, and deliver to both the forwarding address and the "
            "mailbox.",
            "Or in the Exchange Management Shell: Set-Mailbox -Identity <team> -ForwardingAddress "
            "<address> -DeliverToMailboxAndForward $true",
        ),
        (
            "Rules of users forward to other organizations only if the remote domain allows it: "
            "Set-RemoteDomain Default -AutoForwardEnabled $true",
            "With a rule in Outlook choose redirect, not forward: forwarding makes the mailbox the "
            "sender, and who wrote has to be read from the text.",
        ),
    ),
    "cpanel": (
        "Forward an address in cPanel",
        (
            "Open Email > Forwarders and choose Add Forwarder.",
            "Enter <local> as the address to forward and choose the domain <domain>.",
            "Choose Forward to Email Address, enter <address> and add the forwarder.",
        ),
        (
            "If <team> is a mailbox too, it keeps a copy of everything.",
            "Use Forwarders for the one address, not Domain Forwarding: that forwards every "
            "address of the domain.",
        ),
    ),
    "postfix": (
        "Forward an address with Postfix",
        (
            "If <domain> is served by virtual_alias_maps, add this line to the map "
            "(/etc/postfix/virtual): <team> <team>, <address>",
            "Run postmap /etc/postfix/virtual",
            "If <domain> is in mydestination instead, add this line to /etc/aliases: "
            "<local>: \\<local>, <address> and run newaliases",
            "Check with: postmap -q <team> hash:/etc/postfix/virtual or postalias -q <local> "
            "hash:/etc/aliases",
        ),
        (
            "Leave out the first address behind <team> (or \\<local>) if no copy is to be kept.",
            "postconf virtual_alias_maps shows which map and which type (hash, lmdb) is in use.",
            "Postfix leaves From as it is. Rewriting the envelope sender (SRS, postsrsd) is "
            "welcome but not needed: a failing SPF result does not keep forwarded mail out here.",
        ),
    ),
    "exim": (
        "Forward an address with Exim",
        (
            "If <domain> is local and its aliases are in /etc/aliases, add the line: "
            "<local>: <local>-mailbox, <address> where <local>-mailbox is the user or mailbox that "
            "keeps a copy.",
            "Or add a router before the one that delivers to mailboxes: hosted_inbox: driver = "
            "redirect; domains = <domain>; local_parts = <local>; data = <address>; unseen (one "
            "setting a line).",
            "Check the configuration with exim -bV and the way of a mail with exim -bt <team>, "
            "then reload Exim.",
        ),
        (
            "unseen lets the next routers deliver a copy to the mailbox; without it nothing is "
            "kept.",
            "Exim leaves From as it is. Rewriting the envelope sender (SRS) is welcome but not "
            "needed: a failing SPF result does not keep forwarded mail out here.",
        ),
    ),
    "other": (
        "Forward with another provider",
        (
            "Find the setting of <team> that is called forwarding, redirection or alias.",
            "Enter <address> as the address to forward to, and keep a copy if you can choose.",
            "If the provider asks for a confirmation, the mail with the code or link comes to the "
            "channel.",
        ),
        (
            "Choose redirect where there is a choice: the sender stays in From. Forwarding as an "
            "attachment works too.",
            "Do not forward what is in the spam folder, and do not forward the channel's own "
            "answers back.",
        ),
    ),
}
