"""Pictures of accounts, on the content host."""

from django.urls import path

from accounts.views import media_public

app_name = "accounts_public"

urlpatterns = [path("media/<uuid:account_key>/<str:file_name>", media_public.show, name="media")]
