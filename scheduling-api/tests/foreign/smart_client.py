#!/usr/bin/env python3
"""Launches an app for a patient and a backend service with Authlib, as SMART App Launch 2.2 has it. Prints `ok` at the end, or
fails.

Arguments: issuer, the server's time in seconds, the app's client id, the patient's session token, the service's client id, a
file with its private key (PEM).
"""

import os
import sys

os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"  # loopback, in a test

import requests
from authlib.common.security import generate_token
from authlib.integrations.requests_client import OAuth2Session
from authlib.jose import JsonWebKey, jwt

issuer, now, app_id, session_token, service_id, key_file = sys.argv[1:]
base, now, back = f"{issuer}/fhir/R4", int(now), "https://app.example/back"

about = requests.get(f"{base}/.well-known/smart-configuration", timeout=10).json()
assert about["code_challenge_methods_supported"] == ["S256"], about
for capability in ("launch-standalone", "client-confidential-asymmetric", "permission-v2", "context-standalone-patient"):
    assert capability in about["capabilities"], about

# An app, launched by itself.
scope = "openid fhirUser launch/patient offline_access patient/Patient.rs patient/Observation.rs"
app = OAuth2Session(app_id, scope=scope, redirect_uri=back, code_challenge_method="S256", token_endpoint_auth_method="none")
verifier = generate_token(64)
url, state = app.create_authorization_url(about["authorization_endpoint"], code_verifier=verifier, aud=base)
sent = requests.get(url, headers={"Authorization": f"Bearer {session_token}"}, allow_redirects=False, timeout=10)
assert sent.status_code == 303, (sent.status_code, sent.text)
answer = sent.headers["location"]
assert answer.startswith(back + "?") and "error=" not in answer, answer
token = app.fetch_token(about["token_endpoint"], authorization_response=answer, state=state, code_verifier=verifier)
assert token["patient"].startswith("pat-") and token["need_patient_banner"] is True, token
claims = jwt.decode(token["id_token"], JsonWebKey.import_key_set(requests.get(about["jwks_uri"], timeout=10).json()))
assert claims["fhirUser"] == f"{base}/Patient/{token['patient']}", claims
assert set(token["scope"].split()) == set(scope.split()), token["scope"]
assert app.get(f"{base}/Patient/{token['patient']}").json()["resourceType"] == "Patient"
assert app.get(f"{base}/Observation?patient={token['patient']}").json()["resourceType"] == "Bundle"
refused = app.get(f"{base}/Condition?patient={token['patient']}")
assert refused.status_code == 403 and refused.json()["resourceType"] == "OperationOutcome", refused.text
fresh = app.refresh_token(about["token_endpoint"], refresh_token=token["refresh_token"])
assert fresh["patient"] == token["patient"], fresh

# A backend service that proves itself by what it signs.
with open(key_file, "rb") as file:
    key = JsonWebKey.import_key(file.read(), {"kty": "EC"})


def asked(jti, *, kid="first", scope="system/Observation.rs", **other):
    claims = {"iss": service_id, "sub": service_id, "aud": about["token_endpoint"], "exp": now + 240, "jti": jti, **other}
    assertion = jwt.encode({"alg": "ES384", "kid": kid, "typ": "JWT"}, claims, key).decode()
    return requests.post(about["token_endpoint"], timeout=10, data={
        "grant_type": "client_credentials", "scope": scope,
        "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer", "client_assertion": assertion,
    })


given = asked("one")
assert given.status_code == 200, given.text
again = asked("one")
assert again.status_code == 401 and again.json()["error"] == "invalid_client", "an assertion is good once"
for wrong in (
    {"aud": "https://elsewhere.example/token"}, {"exp": now - 1}, {"exp": now + 3600}, {"iss": "somebody"}, {"kid": "second"},
):
    assert asked(str(wrong), **wrong).status_code == 401, wrong
assert asked("wide", scope="system/*.cruds").json()["error"] == "invalid_scope"
assert asked("person", scope="user/Observation.rs").json()["error"] == "invalid_scope"
service = {"Authorization": f"Bearer {given.json()['access_token']}"}
assert requests.get(f"{base}/Observation", headers=service, timeout=10).json()["resourceType"] == "Bundle"
assert requests.get(f"{base}/Condition", headers=service, timeout=10).status_code == 403
print("ok")
