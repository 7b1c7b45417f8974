#!/usr/bin/env python3
"""A client of Parlor over WebSocket, with asyncio and websockets (10 or newer; Debian: python3-websockets).

    python3 websocket.py ws://127.0.0.1:27275
    python3 websocket.py wss://chat.example.org:27275 certificate.pem    with a copy of the server's certificate

A line goes to Everyone, "@Bob hello" to Bob alone, "#7 hello" to the group with that number. Name and password come from
PARLOR_NAME and PARLOR_PASSWORD, or are asked for. Each message of the WebSocket is one JSON object; docs/PROTOCOL.md
says what there is beyond this.
"""
import asyncio, getpass, json, os, re, ssl, sys, threading, uuid

import websockets


def trusting(certificate):
    """Believes in the one certificate of the file, whatever the server's address is."""
    context = ssl.create_default_context(cafile=certificate)
    context.check_hostname = False
    return context


class Client:
    def __init__(self, socket):
        self.socket = socket
        self.me, self.names, self.marks, self.marking = None, {}, {}, False

    async def send(self, **request):
        await self.socket.send(json.dumps(request))

    async def login(self, name, password):
        await self.send(purpose="login", username=name, password=password)
        reply = json.loads(await self.socket.recv())
        if not reply["result"]:
            sys.exit(reply["error"]["message"])
        self.me = reply["user"]

    async def listen(self):
        async for message in self.socket:
            await self.handle(json.loads(message))

    async def handle(self, event):
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
            await self.send(**self.marks.pop(next(iter(self.marks))))

    async def type_lines(self, lines):
        device, number = uuid.uuid4().hex[:16], 0
        while line := await lines.get():
            private, group = re.match(r"@(\S+) (.*)", line), re.match(r"#(\d{1,15}) (.*)", line)
            to = {"to_user": private[1]} if private else {"group": int(group[1])} if group else {"everyone": True}
            text = (private or group)[2] if private or group else line.rstrip("\n")
            # The number of a device makes sure that a message that is sent again is stored once.
            number += 1
            await self.send(purpose="send_message", client_id=f"{device}:{number}", message=text, **to)
        await self.send(purpose="exit")


def read_lines(loop, lines):
    while line := sys.stdin.readline():
        loop.call_soon_threadsafe(lines.put_nowait, line)
    loop.call_soon_threadsafe(lines.put_nowait, "")


async def main(address, certificate=None):
    name = os.environ.get("PARLOR_NAME") or input("Name: ")
    password = os.environ.get("PARLOR_PASSWORD") or getpass.getpass()
    tls = {"ssl": trusting(certificate)} if certificate else {}
    async with websockets.connect(address, **tls) as socket:
        client, lines = Client(socket), asyncio.Queue()
        await client.login(name, password)
        threading.Thread(target=read_lines, args=(asyncio.get_running_loop(), lines), daemon=True).start()
        typing = asyncio.create_task(client.type_lines(lines))
        await client.listen()
        typing.cancel()


asyncio.run(main(*sys.argv[1:]))
