#!/usr/bin/env python3
"""Drives our authorization server with Authlib, as an integrator would. Prints `ok` at the end, or fails.

Arguments: issuer, client id, client secret, session token of a person.
"""

import os
import sys

os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"  # loopback, in a test

import requests
from authlib.common.security import generate_token
from authlib.integrations.requests_client import OAuth2Session
from authlib.jose import JsonWebKey, jwt
from authlib.oidc.core import CodeIDToken

issuer, client_id, client_secret, session_token = sys.argv[1:]
back = "https://app.example/back"

about = requests.get(f"{issuer}/.well-known/oauth-authorization-server", timeout=10).json()
assert about["issuer"] == issuer, about
assert about == requests.get(f"{issuer}/.well-known/openid-configuration", timeout=10).json()

client = OAuth2Session(
    client_id, client_secret, scope="openid profile email offline_access", redirect_uri=back,
    code_challenge_method="S256", token_endpoint_auth_method="client_secret_basic",
)
verifier, nonce = generate_token(64), generate_token(20)
url, state = client.create_authorization_url(about["authorization_endpoint"], code_verifier=verifier, nonce=nonce)
person = {"Authorization": f"Bearer {session_token}"}
sent = requests.get(url, headers=person, allow_redirects=False, timeout=10)
assert sent.status_code == 303, (sent.status_code, sent.text)
answer = sent.headers["location"]
assert answer.startswith(back + "?"), answer

token = client.fetch_token(about["token_endpoint"], authorization_response=answer, state=state, code_verifier=verifier)
keys = JsonWebKey.import_key_set(requests.get(about["jwks_uri"], timeout=10).json())
claims = jwt.decode(
    token["id_token"], keys, claims_cls=CodeIDToken,
    claims_options={"iss": {"essential": True, "value": issuer}, "aud": {"essential": True, "value": client_id}},
    claims_params={"nonce": nonce, "client_id": client_id},
)
# The server's clock stands still in the test.
claims.validate(now=claims["iat"] + 1)

me = client.get(about["userinfo_endpoint"]).json()
assert me["sub"] == claims["sub"] and me["email_verified"] is True, me

old = token["refresh_token"]
fresh = client.refresh_token(about["token_endpoint"], refresh_token=old)
assert fresh["refresh_token"] != old and fresh["access_token"] != token["access_token"]
worth = client.introspect_token(about["introspection_endpoint"], token=fresh["access_token"]).json()
assert worth["active"] is True and worth["sub"] == me["sub"], worth
gone = client.revoke_token(about["revocation_endpoint"], token=fresh["refresh_token"])
assert gone.status_code == 200, gone.text
assert client.introspect_token(about["introspection_endpoint"], token=fresh["access_token"]).json() == {"active": False}

server = OAuth2Session(client_id, client_secret, scope="people:read")
own = server.fetch_token(about["token_endpoint"], grant_type="client_credentials")
assert own["scope"] == "people:read" and "refresh_token" not in own, own
print("ok")
