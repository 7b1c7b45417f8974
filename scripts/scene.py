#!/usr/bin/env python3
"""Puts a scene (see scene.json) on a server, for pictures of the window.

    scripts/scene.py prepare SCENE DIR    writes the accounts, and what was said before, into a data folder
    scripts/scene.py play SCENE PORT      says and does the rest through the protocol
    scripts/scene.py date SCENE DIR       makes as if that had taken the last hour; no server may have the folder
    scripts/scene.py stay SCENE PORT      logs in those who are online, prints "ready", and keeps them connected until
                                          its standard input ends

What was said before goes in as a history of the first system, which the server imports with its times: "18:41" is
yesterday at that time, -68 is 68 minutes ago. It knows people, and no groups; those, and the room of everyone, are
played.

A frame is `$`, the byte length of the JSON padded on the right to ten characters, the JSON, `$`.
"""

import base64
import datetime
import json
import pathlib
import re
import socket
import sys
import zlib

import scenery

LAST_HOUR = 62 * 60
CHUNK = 96 * 1024


class Person:
    """One login."""

    def __init__(self, port: int, name: str, password: str) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=30)
        self.stream = self.socket.makefile("rwb")
        self.requests = 0
        self.ask({"purpose": "login", "username": name, "password": password})

    def ask(self, request: dict) -> dict:
        """Sends a request and waits for its reply; what is pushed in between is for nobody."""
        self.requests += 1
        data = json.dumps(dict(request, id=self.requests), ensure_ascii=False).encode()
        self.stream.write(b"$" + str(len(data)).ljust(10).encode() + data + b"$")
        self.stream.flush()
        while True:
            reply = self.read()
            if "result" in reply and reply.get("id", self.requests) == self.requests:
                if not reply["result"]:
                    sys.exit(f"{request['purpose']} was refused: {reply.get('error')}")
                return reply

    def read(self) -> dict:
        head = self.stream.read(11)
        if len(head) < 11 or head[:1] != b"$":
            sys.exit("the server ended the connection")
        return json.loads(self.stream.read(int(head[1:]) + 1)[:-1])


def moment(when: str | int) -> float:
    now = datetime.datetime.now().astimezone()
    if isinstance(when, int):
        return (now + datetime.timedelta(minutes=when)).timestamp()
    hour, minute = map(int, when.split(":"))
    yesterday = now - datetime.timedelta(days=1)
    return yesterday.replace(hour=hour, minute=minute, second=0).timestamp()


def prepare(scene: dict, folder: pathlib.Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    users = [{"username": name, "password": password} for name, password in scene["people"].items()]
    past = [
        {
            "users": chat["users"],
            "messages": [
                {"user": user, "text": text, "timestamp": moment(when)} for user, when, text in chat["messages"]
            ],
        }
        for chat in scene["past"]
    ]
    for name, content in (("users.json", {"users": users}), ("history.json", {"conversations": past})):
        (folder / name).write_text(json.dumps(content, ensure_ascii=False, indent=2), encoding="utf-8")


class Cast:
    """Does one step after the other: who, what they do, in which chat, and with which words or people."""

    def __init__(self, scene: dict, port: int) -> None:
        self.passwords = scene["people"]
        self.port = port
        self.people: dict[str, Person] = {}
        self.groups: dict[str, int] = {}
        self.does = {
            "says to": self.say,
            "has read": self.read,
            "makes": self.make,
            "renames": self.rename,
            "adds": self.add,
            "mutes": self.mute,
            "answers in": self.answer,
            "changes in": self.change,
            "takes back in": self.take_back,
            "sends to": self.send,
        }

    def person(self, name: str) -> Person:
        if name not in self.people:
            self.people[name] = Person(self.port, name, self.passwords[name])
        return self.people[name]

    def chat(self, name: str) -> dict:
        """How a request names a chat."""
        if name == "Everyone":
            return {"everyone": True}
        return {"group": self.groups[name]} if name in self.groups else {"with_user": name}

    def say(self, who: Person, chat: str, text: str) -> None:
        to = {"to_user": chat} if chat in self.passwords else self.chat(chat)
        who.ask({"purpose": "send_message", "message": text, **to})

    def find(self, who: Person, chat: str, beginning: str) -> int:
        """The place of the newest message that begins so."""
        page = who.ask({"purpose": "fetch_history", "limit": 50, **self.chat(chat)})
        found = [it["seq"] for it in page["messages"] if it.get("message", "").startswith(beginning)]
        return found[-1] if found else sys.exit(f"nothing in {chat} begins with {beginning!r}")

    def answer(self, who: Person, chat: str, beginning: str, text: str) -> None:
        to = {"to_user": chat} if chat in self.passwords else self.chat(chat)
        who.ask({"purpose": "send_message", "message": text, "reply_to": self.find(who, chat, beginning), **to})

    def change(self, who: Person, chat: str, beginning: str, text: str) -> None:
        seq = self.find(who, chat, beginning)
        who.ask({"purpose": "edit_message", "seq": seq, "message": text, **self.chat(chat)})

    def take_back(self, who: Person, chat: str, beginning: str) -> None:
        who.ask({"purpose": "delete_message", "seq": self.find(who, chat, beginning), **self.chat(chat)})

    def send(self, who: Person, chat: str, name: str, text: str) -> None:
        """A picture of the harbour, at that hour, or so many kilobytes of another file."""
        kind, _, rest = name.partition(": ")
        if kind == "harbour":
            hour, name = rest.split(" ", 1)
            data, image = scenery.harbour(int(hour)), {"width": scenery.WIDTH, "height": scenery.HEIGHT}
        else:
            data, name, image = bytes(int(kind) * 1024), rest, None
        file = who.ask({"purpose": "upload_file", "size": len(data)})["file"]
        for offset in range(0, len(data), CHUNK):
            piece = base64.b64encode(data[offset : offset + CHUNK]).decode()
            who.ask({"purpose": "upload_chunk", "file": file, "offset": offset, "data": piece})
        attachment = {"file": file, "name": name, "size": len(data), **({"image": image} if image else {})}
        to = {"to_user": chat} if chat in self.passwords else self.chat(chat)
        who.ask({"purpose": "send_message", "message": text, "attachment": attachment, **to})

    def read(self, who: Person, chat: str) -> None:
        """Everything that is there by now."""
        page = who.ask({"purpose": "fetch_history", "limit": 1, **self.chat(chat)})
        who.ask({"purpose": "mark_read", "seq": page["messages"][-1]["seq"], **self.chat(chat)})

    def make(self, who: Person, name: str, others: list[str]) -> None:
        reply = who.ask({"purpose": "create_group", "name": name, "member_users": others})
        self.groups[name] = reply["group"]

    def rename(self, who: Person, group: str, name: str) -> None:
        who.ask({"purpose": "rename_group", "name": name, **self.chat(group)})
        self.groups[name] = self.groups.pop(group)

    def add(self, who: Person, group: str, others: list[str]) -> None:
        who.ask({"purpose": "add_members", "member_users": others, **self.chat(group)})

    def mute(self, who: Person, chat: str) -> None:
        who.ask({"purpose": "mute_chat", "muted": True, **self.chat(chat)})

    def receive(self, who: Person) -> None:
        """Everything has reached their device."""
        page = who.ask({"purpose": "fetch_history", "limit": 1, "everyone": True})
        who.ask({"purpose": "mark_delivered", "seq": page["messages"][-1]["seq"]})


def play(scene: dict, port: int) -> None:
    cast = Cast(scene, port)
    for who, does, *what in scene["live"]:
        cast.does[does](cast.person(who), *what)


def date(scene: dict, folder: pathlib.Path) -> None:
    """Spreads the records that the server wrote since its start evenly over the last hour. docs/PROTOCOL.md has the
    checksum."""
    history = folder / "history.json"
    lines = history.read_bytes().split(b"\n")
    first = next(at for at, line in enumerate(lines) if b'"purpose":"account"' in line)
    now = datetime.datetime.now().timestamp()
    step = LAST_HOUR / (len(lines) - first)
    for at in range(first, len(lines)):
        when = int((now - LAST_HOUR + step * (at - first)) * 1000)
        dated = re.sub(rb'"at":\d+', b'"at":%d' % when, lines[at], count=1)
        lines[at] = re.sub(rb'(\{.*),"crc":"[0-9a-f]{8}"', with_checksum, dated)
    history.write_bytes(b"\n".join(lines))


def with_checksum(record: re.Match) -> bytes:
    return b'%s,"crc":"%08x"' % (record[1], zlib.crc32(record[1]))


def stay(scene: dict, port: int) -> None:
    cast = Cast(scene, port)
    for name in scene["online"]:
        cast.receive(cast.person(name))
    for name in scene["away"]:
        cast.person(name).ask({"purpose": "set_status", "status": "away"})
    print("ready", flush=True)
    sys.stdin.read()


def main() -> None:
    command, scene, where = sys.argv[1:]
    scene = json.loads(pathlib.Path(scene).read_text(encoding="utf-8"))
    if command in ("prepare", "date"):
        {"prepare": prepare, "date": date}[command](scene, pathlib.Path(where))
    else:
        {"play": play, "stay": stay}[command](scene, int(where))


if __name__ == "__main__":
    main()
