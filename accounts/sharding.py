"""How members are cut into shards: the unit of work of a nightly step, small enough to redo, large enough to be worth a trip.

Member ids run without gaps, so a shard is a range of them and needs no table.
"""

SHARD_MEMBERS = 10_000


def shard_of(member_id: int) -> int:
    """The shard that a member belongs to, counted from 0."""
    return (member_id - 1) // SHARD_MEMBERS


def members_of(shard: int) -> tuple[int, int]:
    """First and last member id of a shard, both included."""
    return shard * SHARD_MEMBERS + 1, (shard + 1) * SHARD_MEMBERS
