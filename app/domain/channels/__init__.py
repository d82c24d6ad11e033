"""
Channels: the team addresses of an account, from draft to connected, with all that belongs to them.

Deliberately not here: the mail that comes through them, and what their sub-resources mean.
"""

from app.domain.channels import forwarding_tests
from app.domain.channels.instructions import Instructions, instructions_for
from app.domain.channels.models import CONNECTED, DRAFT, Channel, ForwardingTest, HostedAddress
from app.domain.channels.recipients import (
    VERIFIED,
    AddressOwner,
    ChannelFacts,
    accepting,
    addresses_among,
    facts_of,
    keep_confirmation,
    mail_arrived,
    owners_of,
)
from app.domain.channels.service import (
    ChannelChange,
    NewChannel,
    change,
    choose_local_part,
    connect,
    create,
    delete,
    get,
    list_channels,
    note_change,
)
from app.domain.channels.setup import Problem, Setup, Step, setup_of
from app.domain.channels.whole import (
    WholeChannel,
    address_of,
    hosted_domain,
    team_addresses,
    whole,
)

__all__ = [
    "CONNECTED",
    "DRAFT",
    "VERIFIED",
    "AddressOwner",
    "Channel",
    "ChannelChange",
    "ChannelFacts",
    "ForwardingTest",
    "HostedAddress",
    "Instructions",
    "NewChannel",
    "Problem",
    "Setup",
    "Step",
    "WholeChannel",
    "accepting",
    "address_of",
    "addresses_among",
    "change",
    "choose_local_part",
    "connect",
    "create",
    "delete",
    "facts_of",
    "forwarding_tests",
    "get",
    "hosted_domain",
    "instructions_for",
    "keep_confirmation",
    "list_channels",
    "mail_arrived",
    "note_change",
    "owners_of",
    "setup_of",
    "team_addresses",
    "whole",
]
