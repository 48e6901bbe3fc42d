# One image for every process of the product; docker-compose.yml says which command each container runs.

FROM node:22-slim AS front-end
WORKDIR /build
COPY package.json package-lock.json .npmrc ./
RUN npm ci --no-audit --no-fund
COPY frontend frontend
RUN npm run build

FROM python:3.13-slim AS packages
COPY requirements/base.txt /tmp/base.txt
RUN python -m venv /opt/venv \
    && /opt/venv/bin/pip install --no-cache-dir --disable-pip-version-check --require-hashes --only-binary :all: -r /tmp/base.txt

FROM python:3.13-slim
# pg_dump and pg_restore, which `manage.py backup` and `restore` call, in the server's own version.
RUN apt-get update \
    && apt-get install -y --no-install-recommends postgresql-common ca-certificates \
    && /usr/share/postgresql-common/pgdg/apt.postgresql.org.sh -y \
    && apt-get install -y --no-install-recommends postgresql-client-18 \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin emailconcert \
    && install -d -o emailconcert -g emailconcert /data /data/journal /data/spool /data/media /data/ledger
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    DJANGO_SETTINGS_MODULE=emailconcert.settings \
    VAR_DIR=/data
WORKDIR /app
COPY --from=packages /opt/venv /opt/venv
COPY . .
COPY --from=front-end /build/static static
# The keys are needed to read the settings, not to collect files, and stay in this one command.
RUN key=$(python -c "import base64, os; print(base64.urlsafe_b64encode(os.urandom(32)).decode())") \
    && SECRET_KEY=$key ADDRESS_HASH_KEY=$key ENCRYPTION_KEYS=1:$key TOKEN_KEYS=1:$key DATABASE_URL=postgresql://build/ \
       python manage.py collectstatic --no-input
USER emailconcert
EXPOSE 8000 8001 2525
HEALTHCHECK NONE
CMD ["granian", "--interface", "wsgi", "--host", "0.0.0.0", "--port", "8000", "emailconcert.wsgi:application"]
