#!/usr/bin/env python3
"""What a client that is not Parlor's own sees over WebSocket; tests/websocket.rs runs each check against a server.

    python3 websocket_checks.py CHECK ADDRESS [CERTIFICATE]
"""
import asyncio
import json
import ssl
import sys

import websockets

TIMEOUT = 30


def connect(**options):
    if len(sys.argv) > 3:
        options["ssl"] = ssl.create_default_context(cafile=sys.argv[3])
        options["ssl"].check_hostname = False
    return websockets.connect(sys.argv[2], compression=None, **options)


async def until(socket, **wanted):
    """The next object with those fields; others are passed over."""
    while True:
        event = json.loads(await asyncio.wait_for(socket.recv(), TIMEOUT))
        if all(event.get(key) == value for key, value in wanted.items()):
            return event


async def ask(socket, **request):
    await socket.send(json.dumps(request))
    return await until(socket, purpose=request["purpose"])


async def login(socket, name="Alice", password="123"):
    reply = await ask(socket, purpose="login", username=name, password=password)
    assert reply["result"], reply
    await until(socket, purpose="ready")


async def ended(socket):
    """The objects until the server closes, and how it does."""
    events = []
    try:
        while True:
            events.append(json.loads(await asyncio.wait_for(socket.recv(), TIMEOUT)))
    except websockets.ConnectionClosed as closed:
        return events, closed.rcvd.code if closed.rcvd else None


def code(error):
    """The status of an answer that was no WebSocket: the library's name for it has changed."""
    return error.response.status_code if hasattr(error, "response") else error.status_code


async def talk():
    """With Bob, who sits at a window: presence, writing, messages, what is stored, delivered and read."""
    async with connect() as socket:
        await login(socket)
        await socket.send(json.dumps({"purpose": "list_users"}))
        people = await until(socket, purpose="people", whole=True)
        status = {person["username"]: person["status"] for person in people["people"]}
        assert status["Bob"] == "online", status
        assert (await ask(socket, purpose="typing", with_user="Bob"))["result"]
        print("writing", flush=True)
        assert sys.stdin.readline() == "seen\n"
        sent = await ask(socket, purpose="send_message", to_user="Bob", client_id="web:1", message="from a page: ü 🦜")
        assert sent["result"] and sent["seq"] > 0, sent
        await until(socket, purpose="delivered_message", by=2, upto=sent["seq"])
        await until(socket, purpose="read_message", by=2, upto=sent["seq"])
        print("ticked", flush=True)
        await until(socket, purpose="user_typing")
        answer = await until(socket, purpose="receive_message", message="from a window")
        assert (await ask(socket, purpose="mark_delivered", seq=answer["seq"]))["result"]
        assert (await ask(socket, purpose="mark_read", with_user="Bob", seq=answer["seq"]))["result"]
        print("read", flush=True)
        assert sys.stdin.readline() == "ticked\n"
        assert (await ask(socket, purpose="exit"))["result"]
        assert await ended(socket) == ([], 1000)


async def fragments():
    """A message in pieces, one of them in the middle of a letter's bytes, and a ping between them."""
    text = json.dumps({"purpose": "send_message", "to_user": "Bob", "message": "ü" * 2000}, ensure_ascii=False)
    async with connect() as socket:
        await login(socket)

        async def pieces():
            for at in range(0, len(text), 7):
                yield text[at:at + 7]
                if at == 70:
                    await asyncio.wait_for(await socket.ping(), TIMEOUT)

        await socket.send(pieces())
        assert (await until(socket, purpose="send_message"))["result"]
        await asyncio.wait_for(await socket.ping(b"here?"), TIMEOUT)
        # Ours to close: it is answered.
        await socket.close(1000)
        assert socket.close_code == 1000, socket.close_code


async def limits():
    """What is too long, is no text, or is no request."""
    async with connect() as socket:
        await socket.send("{" + " " * 4096)
        events, closed = await ended(socket)
        assert [event["error"]["code"] for event in events] == ["bad_frame"] and closed == 1009, (events, closed)
    async with connect() as socket:
        await login(socket)
        padding = "x" * (262_144 - len(json.dumps({"purpose": "list_users", "padding": ""})))
        assert (await ask(socket, purpose="list_users", padding=padding))["result"]
        await socket.send(json.dumps({"purpose": "list_users", "padding": padding + "x"}))
        events, closed = await ended(socket)
        assert events[-1]["error"]["code"] == "bad_frame" and closed == 1009, (events[-1], closed)
    async with connect() as socket:
        await login(socket)
        half = "y" * 200_000

        async def pieces():
            yield half
            yield half

        await socket.send(pieces())
        assert (await ended(socket))[1] == 1009
    async with connect() as socket:
        await socket.send(b"{}")
        assert (await ended(socket))[1] == 1003
    async with connect() as socket:
        for no_object in ["hello", "[]", "", "{", '"$2{}$"']:
            await socket.send(no_object)
            assert (await until(socket, result=False))["error"]["code"] == "bad_request", no_object
        await login(socket)


async def doors():
    """Where there is no WebSocket, and for which pages there is one."""
    allowed, strange = "https://chat.example.org", "https://evil.example"
    async with connect(origin=allowed) as socket:
        await login(socket)
    sys.argv[2] += "/chat"
    for options, status in [({}, 404), ({"origin": allowed}, 404)]:
        await refused(status, **options)
    sys.argv[2] = sys.argv[2][:-len("/chat")]
    for origin in [strange, allowed + ".evil.example", "null", allowed.replace("https", "http")]:
        await refused(403, origin=origin)


async def refused(status, **options):
    try:
        async with connect(**options):
            raise AssertionError("it was let in")
    except websockets.InvalidHandshake as error:
        assert code(error) == status, (code(error), status)


async def shutdown():
    """The server ends."""
    async with connect() as socket:
        await login(socket)
        print("here", flush=True)
        events, closed = await ended(socket)
        assert events[-1]["purpose"] == "closing" and closed == 1001, (events, closed)


asyncio.run(globals()[sys.argv[1]]())
