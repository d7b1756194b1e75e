#!/usr/bin/env python3
"""Holds our reading of Stripe's signatures against Stripe's own library (PyPI: stripe; run with 16.1.0).

    pip install stripe && python3 stripe_webhook.py            checks stripe_webhook.json with Stripe's verifier
    pip install stripe && python3 stripe_webhook.py --renew    has Stripe's signer write it anew

The Rust test `stripes_own_signatures_are_understood` reads the same file. So the file is what both agree on.
"""

import json
import pathlib
import sys

import stripe
from stripe import WebhookSignature

path = pathlib.Path(__file__).with_name("stripe_webhook.json")
at, secrets = 1772431200, ["whsec_new", "whsec_old"]
if "--renew" in sys.argv:
    cases = []
    for body in ['{"id": "evt_1", "object": "event"}', '{\n  "id": "evt_2",\n  "note": "Zoë 5 €"\n}', "{}"]:
        signed = f"{at}.{body}"
        signatures = [WebhookSignature._compute_signature(signed, secret) for secret in secrets]
        cases.append({"body": body, "at": at, "header": f"t={at},v1={signatures[0]},v0={signatures[1]}", "secret": secrets[0]})
        cases.append({"body": body, "at": at, "header": f"t={at},v1={signatures[0]},v1={signatures[1]}", "secret": secrets[1]})
    path.write_text(json.dumps(cases, indent=2, ensure_ascii=False) + "\n")
for case in json.loads(path.read_text()):
    stripe.WebhookSignature.verify_header(case["body"], case["header"], case["secret"], tolerance=None)
    try:
        stripe.WebhookSignature.verify_header(case["body"] + " ", case["header"], case["secret"], tolerance=None)
    except stripe.SignatureVerificationError:
        continue
    sys.exit("a changed body was taken")
print("ok", stripe.VERSION)
