"""The pattern of a feed: a mail that is filled with the feed's items wherever it is looked at or copied."""

from collections.abc import Mapping, Sequence

from campaigns.feed_models import Feed, FeedItem
from campaigns.feeds import filling
from campaigns.feeds.reading import key_hash
from campaigns.models import ContentVersion, Variant
from delivery.services.compiling import Content

SUBJECT = "{{ feed.items.first.title | default: feed.title }}"
SOURCE = """# {{ feed.title }}

{% for item in feed.items %}

## [{{ item.title }}]({{ item.url }})

{% if item.picture %}[![{{ item.title }}]({{ item.picture }})]({{ item.url }}){% endif %}

{{ item.summary | truncate: 300 }}

[Read on]({{ item.url }})

{% endfor %}
"""


def filled(content: Content, written: Variant | ContentVersion) -> Content:
    """Return a pattern's content with what it would say next; any other as it is. Raises `CannotCompile`."""
    if not filling.uses_feed(content):
        return content
    variant = written if isinstance(written, Variant) else written.variant
    feed = Feed.objects.filter(pattern_id=variant.campaign_id).first()
    return fill(content, feed, next_items(feed)) if feed else content


def fill(content: Content, feed: Feed, items: Sequence[Mapping[str, str]]) -> Content:
    """Return content filled with some items of a feed. Raises `CannotCompile`."""
    return filling.fill(
        content, filling.values(title=feed.title or feed.name, url=feed.link, items=items, zone=feed.zone)
    )


def new_items(feed: Feed) -> list[dict[str, str]]:
    """Return its items that no run has seen, the newest first."""
    hashes = {each["key"]: key_hash(each["key"]) for each in feed.items}
    seen = FeedItem.objects.filter(feed=feed, key_hash__in=hashes.values()).values_list("key_hash", flat=True)
    known = {bytes(each) for each in seen}
    return [each for each in feed.items if hashes[each["key"]] not in known]


def next_items(feed: Feed) -> list[dict[str, str]]:
    """Return what the next mail would have; while there is nothing new, the newest, to look at."""
    return (new_items(feed) or list(feed.items))[: feed.most_items]
