"""The naive way to take an event down: a Django view that saves a row. `granian --interface wsgi bench.naive_edge:application`."""

import os

import django
from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.db import models
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.urls import path

from emailconcert.lib.databases import database_from_url

settings.configure(
    SECRET_KEY="bench",
    ALLOWED_HOSTS=["*"],
    ROOT_URLCONF=__name__,
    DATABASES={"default": database_from_url(os.environ["DATABASE_OWNER_URL"])},
    MIDDLEWARE=["django.middleware.security.SecurityMiddleware", "django.middleware.common.CommonMiddleware"],
    TOKEN_KEYS={},
    USE_TZ=True,
)
django.setup()

from emailconcert.lib import signing  # noqa: E402  # needs settings
from emailconcert.lib.env import env_keyring  # noqa: E402  # needs settings
from emailconcert.lib.network import truncated_ip  # noqa: E402  # needs settings
from tracking.edge.answers import GIF  # noqa: E402  # needs settings

RING = env_keyring("TOKEN_KEYS", help="")


class Event(models.Model):
    kind = models.SmallIntegerField()
    mailing_id = models.BigIntegerField()
    sequence = models.IntegerField()
    link = models.SmallIntegerField(null=True)
    network = models.CharField(max_length=45)
    agent = models.CharField(max_length=300)

    class Meta:
        app_label = "bench"
        managed = False
        db_table = "tracking_inbox"


class Link(models.Model):
    mailing_id = models.BigIntegerField()
    number = models.SmallIntegerField()
    url = models.TextField()

    class Meta:
        app_label = "bench"
        managed = False
        db_table = "delivery_link"


def _save(request, token, kind, link=None):
    try:
        mailing_id, sequence = signing.read_message_token(token, ring=RING)
    except signing.BadToken:
        raise Http404 from None
    Event.objects.create(
        kind=kind,
        mailing_id=mailing_id,
        sequence=sequence,
        link=link,
        network=truncated_ip(request.META["REMOTE_ADDR"]),
        agent=request.headers.get("User-Agent", "")[:300],
    )
    return mailing_id


def opened(request, token):
    _save(request, token, 1)
    return HttpResponse(GIF, content_type="image/gif")


def clicked(request, token, number):
    mailing_id = _save(request, token, 2, number)
    return HttpResponseRedirect(Link.objects.get(mailing_id=mailing_id, number=number).url)


urlpatterns = [path("o/<str:token>", opened), path("c/<str:token>/<int:number>", clicked)]
application = get_wsgi_application()
