#!/usr/bin/env python3
"""A client of Parlor over TCP, with nothing but Python's standard library (3.8 or newer).

    python3 tcp.py 127.0.0.1:27275
    python3 tcp.py chat.example.org:27275 h3k9-0v2m-...      over TLS, with the fingerprint that the server prints
    python3 tcp.py chat.example.org:27275 certificate.pem    over TLS, with a copy of the server's certificate

A line goes to Everyone, "@Bob hello" to Bob alone, "#7 hello" to the group with that number. Name and password come from
PARLOR_NAME and PARLOR_PASSWORD, or are asked for. docs/PROTOCOL.md says what there is beyond this.
"""
import getpass, hashlib, json, os, re, socket, ssl, sys, threading, uuid

def fingerprint(certificate):
    """The first 160 bits of its SHA-256 in base 32, as people compare it."""
    bits = int.from_bytes(hashlib.sha256(certificate).digest()[:20], "big")
    return "".join("0123456789abcdefghjkmnpqrstvwxyz"[bits >> shift & 31] for shift in range(155, -1, -5))

def connect(address, pin=None):
    host, port = address.rsplit(":", 1)
    plain = socket.create_connection((host.strip("[]"), port))
    if pin is None:
        return plain
    if os.path.exists(pin):
        with open(pin) as file:
            pin = fingerprint(ssl.PEM_cert_to_DER_cert(re.search("-+BEGIN.*?-+END.*?-+\n", file.read(), re.S)[0]))
    context = ssl.create_default_context()
    # The certificate vouches for itself: that it is the right one is checked here, before anything is said.
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    sealed = context.wrap_socket(plain)
    if fingerprint(sealed.getpeercert(binary_form=True)) != pin.lower().replace("-", ""):
        sys.exit("This is another server than the one that you mean: its certificate is not the one.")
    return sealed

class Client:
    me, marking = None, False

    def __init__(self, connection):
        self.connection, self.bytes, self.sending, self.names, self.marks = connection, b"", threading.Lock(), {}, {}

    def send(self, **request):
        body = json.dumps(request).encode()
        with self.sending:
            self.connection.sendall(b"$%-10d%s$" % (len(body), body))

    def receive(self):
        """The next object; None when the connection has ended."""
        while not (len(self.bytes) > 11 and len(self.bytes) >= 12 + int(self.bytes[1:11])):
            piece = self.connection.recv(65536)
            if not piece:
                return None
            self.bytes += piece
        end = 11 + int(self.bytes[1:11])
        body, self.bytes = self.bytes[11:end], self.bytes[end + 1:]
        return json.loads(body)

    def handle(self, event):
        purpose = event["purpose"]
        if event.get("result") is False:
            print("!", event["error"]["message"], flush=True)
        if purpose == "receive_message":
            room = "[all] " if "everyone" in event else "[%d] " % event["group"] if "group" in event else ""
            print(f'{room}{event["from_user"]}: {event["message"] or "(a file, or deleted)"}', flush=True)
            if event["from"] != self.me:
                chat = {key: event[key] for key in ("everyone", "group") if key in event} or {"with": event["from"]}
                self.marks["delivered"] = dict(purpose="mark_delivered", seq=event["seq"])
                self.marks[str(chat)] = dict(purpose="mark_read", seq=event["seq"], **chat)
        elif purpose == "message_edited":
            print("*", self.names.get(event["by"], "Somebody"), "means:", event["message"], flush=True)
        elif purpose == "people":
            self.names.update({person["id"]: person["username"] for person in event["people"]})
            print("*", ", ".join(f'{person["username"]} is {person["status"]}' for person in event["people"]), flush=True)
        elif purpose == "read_message" and event["by"] != self.me:
            print("*", self.names.get(event["by"], "Somebody"), "has read it", flush=True)
        elif purpose in ("mark_read", "mark_delivered"):
            self.marking = False
        # The next marker goes out when the last one is answered, so that a burst of messages costs one of each kind.
        if self.marks and not self.marking:
            self.marking = True
            self.send(**self.marks.pop(next(iter(self.marks))))

def type_lines(client):
    device = uuid.uuid4().hex[:16]
    for number, line in enumerate(sys.stdin, 1):
        private, group = re.match(r"@(\S+) (.*)", line), re.match(r"#(\d{1,15}) (.*)", line)
        to = {"to_user": private[1]} if private else {"group": int(group[1])} if group else {"everyone": True}
        text = (private or group)[2] if private or group else line.rstrip("\n")
        # The number of a device makes sure that a message that is sent again is stored once.
        client.send(purpose="send_message", client_id=f"{device}:{number}", message=text, **to)
    client.send(purpose="exit")

client = Client(connect(*sys.argv[1:]))
client.send(purpose="login", username=os.environ.get("PARLOR_NAME") or input("Name: "),
            password=os.environ.get("PARLOR_PASSWORD") or getpass.getpass())
reply = client.receive() or sys.exit("The server has ended the connection.")
if not reply["result"]:
    sys.exit(reply["error"]["message"])
client.me = reply["user"]
threading.Thread(target=type_lines, args=(client,), daemon=True).start()
for event in iter(client.receive, None):
    client.handle(event)
