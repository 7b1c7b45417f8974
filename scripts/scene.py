#!/usr/bin/env python3
"""Puts a scene (see scene.json) on a server, for pictures of the window.

    scripts/scene.py prepare SCENE DIR    writes the accounts, and what was said before today, into a data folder
    scripts/scene.py play SCENE PORT      says the rest through the protocol, prints "ready", and keeps those who are
                                          online connected until its standard input ends

The past goes in as a history of the first system, which the server imports with its times: "18:41" is yesterday at
that time, -38 is 38 minutes ago.

A frame is `$`, the byte length of the JSON padded on the right to ten characters, the JSON, `$`.
"""

import datetime
import json
import pathlib
import socket
import sys


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

    def leave(self) -> None:
        self.stream.close()
        self.socket.close()


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


def play(scene: dict, port: int) -> None:
    people: dict[str, Person] = {}

    def person(name: str) -> Person:
        if name not in people:
            people[name] = Person(port, name, scene["people"][name])
        return people[name]

    for sender, receiver, text in scene["live"]:
        person(sender).ask({"purpose": "send_message", "to_user": receiver, "message": text})
    for by, other in scene["read"]:
        page = person(by).ask({"purpose": "fetch_history", "with_user": other, "limit": 1})
        last = page["messages"][-1]["seq"]
        person(by).ask({"purpose": "mark_read", "with_user": other, "seq": last})
    for name in [name for name in people if name not in scene["online"]]:
        people.pop(name).leave()
    for name in scene["online"]:
        person(name)
    print("ready", flush=True)
    sys.stdin.read()


def main() -> None:
    command, scene, where = sys.argv[1:]
    scene = json.loads(pathlib.Path(scene).read_text(encoding="utf-8"))
    if command == "prepare":
        prepare(scene, pathlib.Path(where))
    else:
        play(scene, int(where))


if __name__ == "__main__":
    main()
