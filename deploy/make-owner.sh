#!/bin/sh
# Run once by the postgres image on an empty volume: the role that owns the database, as a managed service would hand it out.
set -eu
psql -v ON_ERROR_STOP=1 -v password="$OWNER_PASSWORD" -U postgres -d postgres <<'SQL'
CREATE ROLE ec_owner LOGIN CREATEDB CREATEROLE PASSWORD :'password';
CREATE DATABASE emailconcert OWNER ec_owner;
SQL
