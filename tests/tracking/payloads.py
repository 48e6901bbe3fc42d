"""What providers post about one message, in the shapes that their references show. Written for these tests.

Each entry makes a request's body and headers: a bounce that is hard by its words, signed the way the provider signs.
"""

import base64
import hashlib
import hmac
import json
from urllib.parse import urlencode

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

USER_UNKNOWN = "550 5.1.1 <reader@example.com>: User unknown"
SECRET = "a-secret-of-the-test"
AT = 1_798_797_600
EC = ec.generate_private_key(ec.SECP256R1())
RSA = rsa.generate_private_key(65537, 2048)
JSON = "application/json"


def _public(key, encoding=serialization.Encoding.DER):
    raw = key.public_key().public_bytes(encoding, serialization.PublicFormat.SubjectPublicKeyInfo)
    return base64.b64encode(raw).decode()


# What the owner pastes; where nothing stands here the address holds our password.
SECRETS = {
    "mailersend": SECRET,
    "mailgun": SECRET,
    "mandrill": SECRET,
    "postal": _public(RSA),
    "resend": "whsec_" + base64.b64encode(SECRET.encode()).decode(),
    "sendgrid": _public(EC),
    "unisender_go": SECRET,
}


def _mac(body, algorithm):
    return hmac.new(SECRET.encode(), body, algorithm)


def _json(found):
    return json.dumps(found).encode()


def amazon_ses(token, url):
    mail = {
        "messageId": "0100", "destination": ["reader@example.com"], "timestamp": "2027-03-01T10:00:00.000Z",
        "headers": [{"name": "X-Metadata", "value": json.dumps({"ec": token})}],
    }  # fmt: skip
    bounce = {
        "bounceType": "Permanent", "bounceSubType": "General", "timestamp": "2027-03-01T10:00:00.000Z", "feedbackId": "f",
        "bouncedRecipients": [
            {"emailAddress": "reader@example.com", "action": "failed", "status": "5.1.1", "diagnosticCode": f"smtp; {USER_UNKNOWN}"}
        ],
    }  # fmt: skip
    inner = {"eventType": "Bounce", "bounce": bounce, "mail": mail}
    body = _json({"Type": "Notification", "MessageId": "m", "TopicArn": "arn:t", "Message": json.dumps(inner)})
    return body, JSON, {"X-Amz-Sns-Message-Type": "Notification", "X-Amz-Sns-Message-Id": "m"}


def brevo(token, url):
    event = {
        "event": "hard_bounce", "email": "reader@example.com", "id": 1, "ts_event": AT, "message-id": "<m@brevo>",
        "reason": USER_UNKNOWN, "X-Mailin-custom": json.dumps({"ec": token}), "tag": "",
    }  # fmt: skip
    return _json(event), JSON, {}


def mailersend(token, url):
    email = {
        "message": {"id": "m"},
        "recipient": {"email": "reader@example.com"},
        "tags": [token],
        "status": "rejected",
    }
    data = {
        "object": "activity", "id": "a", "type": "hard_bounced", "created_at": "2027-03-01T10:00:00Z", "email": email,
        "morph": {"object": "recipient_bounce", "reason": USER_UNKNOWN},
    }  # fmt: skip
    body = _json({"type": "activity.hard_bounced", "data": data})
    return body, JSON, {"Signature": _mac(body, "sha256").hexdigest()}


def mailgun(token, url):
    data = {
        "event": "failed", "severity": "permanent", "reason": "bounce", "timestamp": AT, "id": "i", "recipient": "reader@example.com",
        "message": {"headers": {"message-id": f"{token}@bounce.example.org"}}, "user-variables": {"ec": token}, "tags": [],
        "delivery-status": {"code": 550, "message": USER_UNKNOWN, "description": ""},
    }  # fmt: skip
    mac = _mac(f"{AT}nonce".encode(), "sha256").hexdigest()
    return (
        _json({"signature": {"timestamp": str(AT), "token": "nonce", "signature": mac}, "event-data": data}),
        JSON,
        {},
    )


def mailjet(token, url):
    event = {
        "event": "bounce", "time": AT, "MessageID": 1, "email": "reader@example.com", "hard_bounce": True, "blocked": False,
        "error_related_to": "recipient", "error": "user unknown", "comment": USER_UNKNOWN, "Payload": json.dumps({"ec": token}),
    }  # fmt: skip
    return _json([event]), JSON, {}


def mandrill(token, url):
    msg = {
        "email": "reader@example.com", "_id": "m", "state": "bounced", "bounce_description": "bad_mailbox", "diag": USER_UNKNOWN,
        "metadata": {"ec": token}, "tags": [],
    }  # fmt: skip
    events = json.dumps([{"event": "hard_bounce", "ts": AT, "_id": "m", "msg": msg}])
    mac = base64.b64encode(_mac(f"{url}mandrill_events{events}".encode(), "sha1").digest()).decode()
    return (
        urlencode({"mandrill_events": events}).encode(),
        "application/x-www-form-urlencoded",
        {"X-Mandrill-Signature": mac},
    )


def postal(token, url):
    payload = {
        "status": "HardFail", "details": "Permanent SMTP delivery error", "output": USER_UNKNOWN,
        "message": {"id": 1, "direction": "outgoing", "to": "reader@example.com", "tag": token},
    }  # fmt: skip
    body = _json({"event": "MessageDeliveryFailed", "timestamp": AT, "uuid": "u", "payload": payload})
    signed = RSA.sign(body, padding.PKCS1v15(), hashes.SHA1())
    return body, JSON, {"X-Postal-Signature": base64.b64encode(signed).decode()}


def postmark(token, url):
    event = {
        "RecordType": "Bounce", "ID": 1, "Type": "HardBounce", "TypeCode": 1, "Name": "Hard bounce", "MessageID": "m",
        "Description": "The server was unable to deliver your message", "Details": USER_UNKNOWN, "Email": "reader@example.com",
        "BouncedAt": "2027-03-01T10:00:00Z", "Metadata": {"ec": token},
    }  # fmt: skip
    return _json(event), JSON, {}


def resend(token, url, at=AT):
    data = {
        "email_id": "m", "created_at": "2027-03-01T10:00:00.000Z", "to": ["reader@example.com"], "subject": "Weekly",
        "bounce": {"message": USER_UNKNOWN, "type": "Permanent", "subType": "General"},
        "headers": [{"name": "X-Metadata", "value": json.dumps({"ec": token})}],
    }  # fmt: skip
    body = _json({"type": "email.bounced", "created_at": "2027-03-01T10:00:00.000Z", "data": data})
    mac = base64.b64encode(_mac(f"id.{at}.".encode() + body, "sha256").digest()).decode()
    return body, JSON, {"svix-id": "id", "svix-timestamp": str(at), "svix-signature": f"v1,wrong v1,{mac}"}


def sendgrid(token, url):
    event = {
        "event": "bounce", "type": "bounce", "email": "reader@example.com", "timestamp": AT, "sg_event_id": "e", "reason": USER_UNKNOWN,
        "status": "5.1.1", "smtp-id": f"<{token}@bounce.example.org>", "ec": token,
    }  # fmt: skip
    body = _json([event])
    signed = EC.sign(f"{AT}".encode() + body, ec.ECDSA(hashes.SHA256()))
    mac = base64.b64encode(signed).decode()
    return body, JSON, {
        "X-Twilio-Email-Event-Webhook-Signature": mac, "X-Twilio-Email-Event-Webhook-Timestamp": str(AT),
    }  # fmt: skip


def sparkpost(token, url):
    event = {
        "type": "bounce", "bounce_class": "10", "event_id": "e", "rcpt_to": "reader@example.com", "raw_reason": USER_UNKNOWN,
        "reason": USER_UNKNOWN, "timestamp": str(AT), "transmission_id": "t", "rcpt_meta": {"ec": token},
    }  # fmt: skip
    return _json([{"msys": {"message_event": event}}]), JSON, {}


def unisender_go(token, url):
    data = {
        "job_id": "j", "metadata": {"ec": token, "anymail_id": "a"}, "email": "reader@example.com", "status": "hard_bounced",
        "event_time": "2027-03-01 10:00:00", "delivery_info": {"delivery_status": "err_user_unknown", "destination_response": USER_UNKNOWN},
    }  # fmt: skip
    found = {
        "auth": SECRET,
        "events_by_user": [
            {"user_id": 1, "events": [{"event_name": "transactional_email_status", "event_data": data}]}
        ],
    }
    body = _json(found)
    return body.replace(SECRET.encode(), hashlib.md5(body).hexdigest().encode()), JSON, {}


ALL = {
    name: globals()[name]
    for name in (
        "amazon_ses", "brevo", "mailersend", "mailgun", "mailjet", "mandrill", "postal", "postmark", "resend", "sendgrid",
        "sparkpost", "unisender_go",
    )
}  # fmt: skip
