// The protocol, as the official client of Phoenix Channels speaks it under Node.

import assert from "node:assert/strict"
import {readFile} from "node:fs/promises"
import {after, afterEach, before, describe, test} from "node:test"
import {answered, channel, connect, join, push, say, texts, token, until} from "./support/client.mjs"
import {Server} from "./support/server.mjs"

const picture = await readFile(new URL("../fixtures/gradient.png", import.meta.url))
const bufferOf = bytes => bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength)
const numbers = ({messages}) => messages.map(({seq}) => seq)
const upTo = (first, last) => Array.from({length: last - first + 1}, (_, index) => first + index)

let server
let sockets = []
let room = 0

before(async () => { server = await Server.start() })
after(() => server?.remove())

afterEach(async () => {
  await Promise.all(sockets.map(socket => new Promise(resolve => socket.disconnect(resolve))))
  sockets = []
})

const newRoom = () => `room-${++room}`

async function user(userId, options) {
  const socket = await connect(server, userId, options)
  sockets.push(socket)
  return socket
}

describe("a room", () => {
  test("tells who joins its last number, and advises when to come back", async () => {
    const id = newRoom()
    const ada = await join(await user("ada"), id)
    assert.equal(ada.joinReply.seq, 0)
    assert.equal(ada.joinReply.user_id, "ada")
    await say(ada, "Hello")
    const advised = [ada.joinReply.reconnect_after_ms]
    for (let i = 0; i < 5; i++) {
      const {joinReply} = await join(await user(`user-${i}`), id)
      assert.equal(joinReply.seq, 1)
      advised.push(joinReply.reconnect_after_ms)
    }
    assert.ok(advised.every(ms => Number.isInteger(ms) && ms > 0))
    assert.ok(new Set(advised).size > 1, `all were advised the same: ${advised}`)
  })

  test("stores a message, answers its number, and tells all members in order", async () => {
    const id = newRoom()
    const ada = await join(await user("ada"), id)
    const bob = await join(await user("bob"), id)
    const answers = []
    for (const text of ["one", "two", "three"]) answers.push((await say(ada, text)).seq)
    assert.deepEqual(answers, [1, 2, 3])
    for (const member of [ada, bob]) {
      await until("three messages", () => member.messages.length === 3)
      assert.deepEqual(texts(member), ["one", "two", "three"])
    }
    const [{user_id, at_ms, ...rest}] = bob.messages
    assert.equal(user_id, "ada")
    assert.ok(Math.abs(Date.now() - at_ms) < 60_000)
    assert.equal(rest.id, null)
  })

  test("stores the same id of a user once", async () => {
    const ada = await join(await user("ada"), newRoom())
    assert.equal((await say(ada, "once", "a-1")).seq, 1)
    assert.equal((await say(ada, "once", "a-1")).seq, 1)
    assert.equal((await say(ada, "last")).seq, 2)
    await until("the last message", () => ada.messages.length >= 2)
    assert.deepEqual(texts(ada), ["once", "last"])
  })

  test("reads its history, the oldest first", async () => {
    const ada = await join(await user("ada"), newRoom())
    for (let i = 1; i <= 7; i++) await say(ada, `${i}`)
    const {messages} = await push(ada, "history", {before: null, limit: 3})
    assert.deepEqual(messages.map(({seq}) => seq), [5, 6, 7])
    const older = await push(ada, "history", {before: 5, limit: 50})
    assert.deepEqual(older.messages.map(({payload}) => payload.text), ["1", "2", "3", "4"])
    await assert.rejects(push(ada, "history", {before: null, limit: -1}), {reason: "invalid_limit"})
  })

  test("answers a ping with what came, and relays who is typing without storing it", async () => {
    const id = newRoom()
    const ada = await join(await user("ada"), id)
    const bob = await join(await user("bob"), id)
    assert.deepEqual(await push(ada, "ping", {at: 12.5}), {at: 12.5})
    assert.deepEqual(await push(ada, "typing", {}), {})
    await until("bob sees ada type", () => bob.events.length > 0)
    assert.deepEqual(bob.events, [["typing", {user_id: "ada", payload: {}}]])
    assert.deepEqual((await push(bob, "history", {before: null, limit: 50})).messages, [])
  })

  test("tells who is there", async () => {
    const id = newRoom()
    const ada = await join(await user("ada"), id)
    await until("ada is there", () => ada.people().join() === "ada")
    const socket = await user("bob")
    const bob = await join(socket, id)
    await until("both see both", () => [ada, bob].every(member => member.people().join() === "ada,bob"))
    const again = await join(await user("bob"), id)
    await answered(bob.leave())
    await until("bob is there still, by another connection", () => again.people().join() === "ada,bob")
    await answered(again.leave())
    await until("bob has gone", () => ada.people().join() === "ada")
  })

  test("is left: what is said afterwards does not come, and joining again goes on from a number", async () => {
    const id = newRoom()
    const ada = await join(await user("ada"), id)
    const socket = await user("bob")
    const bob = await join(socket, id)
    await say(ada, "before")
    await until("bob has heard it", () => bob.messages.length === 1)
    await answered(bob.leave())
    assert.equal(bob.state, "closed")
    await say(ada, "meanwhile")
    const back = await join(socket, id, {last_seq: 1})
    await say(ada, "after")
    await until("bob has heard the rest", () => back.messages.length === 2)
    assert.deepEqual(texts(back), ["meanwhile", "after"])
    assert.deepEqual(texts(bob), ["before"])
  })

  test("refuses what it does not know, and goes on", async () => {
    const ada = await join(await user("ada"), newRoom())
    await assert.rejects(push(ada, "dance"), {reason: "unknown_event"})
    await assert.rejects(push(ada, "work", {mode: "yielding", callers: 1}), {reason: "unknown_event"})
    await assert.rejects(push(ada, "message", {}), error => typeof error.reason === "string")
    assert.equal((await say(ada, "still here")).seq, 1)
  })
})

describe("a picture", () => {
  test("goes up and comes back as bytes", async () => {
    const id = newRoom()
    const ada = await join(await user("ada"), id)
    const bob = await join(await user("bob"), id)
    const {id: pictureId, seq} = await push(ada, "picture", bufferOf(picture))
    await until("bob is told of it", () => bob.messages.length === 1)
    const [message] = bob.messages
    assert.equal(message.seq, seq)
    assert.equal(message.payload.type, "picture")
    assert.equal(message.payload.id, pictureId)
    const thumbnail = await push(bob, "thumbnail", {id: pictureId})
    assert.ok(thumbnail instanceof ArrayBuffer)
    assert.equal(Buffer.from(thumbnail, 0, 4).toString(), "RIFF")
    const full = await push(bob, "picture_full", {id: pictureId})
    assert.deepEqual(Buffer.from(full), picture)
  })

  test("that is none is an error for its sender alone", async () => {
    const ada = await join(await user("ada"), newRoom())
    await assert.rejects(push(ada, "picture", new TextEncoder().encode("no picture").buffer), {reason: "unsupported_format"})
    await assert.rejects(push(ada, "thumbnail", {id: "nothing"}), {reason: "not_found"})
    assert.equal((await say(ada, "text goes on")).seq, 1)
  })

  test("may be as large as ten million bytes", async () => {
    const ada = await join(await user("ada"), newRoom())
    const large = new Uint8Array(9_900_000)
    await assert.rejects(push(ada, "picture", large.buffer), {reason: "unsupported_format"})
    assert.equal((await say(ada, "the connection is there")).seq, 1)
  })
})

describe("the panel's room", () => {
  test("has figures for who is in it, and starts and stops work", async () => {
    const panel = await join(await user("ada"), "panel")
    const stats = () => panel.events.filter(([event]) => event === "stats").map(([, {payload}]) => payload)
    await until("figures", () => stats().length >= 3)
    const last = stats().at(-1)
    assert.ok(last.probe.answers > 0)
    assert.ok(last.schedulers.length >= 1 && last.schedulers.every(share => share >= 0 && share <= 1))
    for (const mode of ["elixir", "yielding", "dirty"]) {
      const status = await push(panel, "work", {mode, callers: 2})
      assert.deepEqual([status.mode, status.callers, status.by], [mode, 2, "ada"])
      await until(`${mode} gets on`, () => stats().some(({work}) => work.mode === mode && work.calls > 0))
    }
    assert.equal((await push(panel, "stop_work")).mode, null)
    await until("nothing runs", () => stats().at(-1).work.mode === null)
    await assert.rejects(push(panel, "work", {mode: "yielding", callers: 1_000}), {reason: "invalid_work"})
  })
})

describe("a token", () => {
  test("may stand in the URL, for clients that have no other place for it", async () => {
    const socket = await user("ada", {authToken: undefined, params: {token: await token(server, "ada")}})
    const {joinReply} = await join(socket, newRoom())
    assert.equal(joinReply.user_id, "ada")
  })

  test("does not stand in the URL of a client that sends it beside", async () => {
    const socket = await user("ada")
    const {joinReply} = await join(socket, newRoom())
    assert.equal(joinReply.user_id, "ada")
    assert.equal(new URL(socket.conn.url).search, "?vsn=2.0.0")
    assert.equal(socket.conn.protocol, "phoenix")
  })

  test("that was forged lets nobody in", async () => {
    const real = await token(server, "ada")
    for (const forged of ["", "ada", `${real}x`, real.replace(/^./, first => first === "A" ? "B" : "A")]) {
      let opened = false
      let errors = 0
      const socket = await user("ada", {token: forged})
      socket.onOpen(() => { opened = true })
      socket.onError(() => { errors++ })
      await until("it is refused twice", () => errors >= 2)
      assert.equal(opened, false)
    }
  })
})

describe("crashes and restarts", () => {
  test("the crash of a room costs an instant of it, and nothing of others", async () => {
    const [id, other] = [newRoom(), newRoom()]
    const ada = await resumingMember("ada", id)
    const {socket} = ada
    const elsewhere = await join(socket, other)
    const bob = await join(await user("bob"), id)
    await say(bob, "before")
    await until("ada has heard it", () => ada.messages.length === 1)

    await server.command(`kill room ${id}`)
    await until("ada is told", () => ada.errors.length === 1)
    await until("ada is back", () => ada.joins.length === 2 && ada.state === "joined")
    await until("bob is back", () => bob.state === "joined")
    assert.equal(socket.isConnected(), true)
    assert.deepEqual(elsewhere.errors, [])
    assert.equal((await say(elsewhere, "undisturbed")).seq, 1)

    for (let i = 2; i <= 5; i++) await say(bob, `${i}`)
    await until("ada has heard all", () => ada.messages.length >= 5)
    assert.deepEqual(numbers(ada), upTo(1, 5))
  })

  for (const [how, end] of [["stopped", "stop"], ["killed", "kill"]]) {
    test(`a server that is ${how} and started again loses nothing and repeats nothing`, async () => {
      const id = newRoom()
      const resuming = await resumingMember("ada", id)
      const absent = await resumingMember("grace", id)
      const bob = await join(await user("bob"), id)
      for (let i = 1; i <= 10; i++) await say(bob, `${i}`)
      await until("all have heard it", () => [resuming, absent].every(({messages}) => messages.length === 10))

      await new Promise(resolve => absent.socket.disconnect(resolve))
      for (let i = 11; i <= 20; i++) await say(bob, `${i}`)
      await until("ada has heard it", () => resuming.messages.length === 20)
      const closed = closing(resuming.socket)
      await server[end]()
      await closed
      await server.start()

      await until("bob is back", () => bob.state === "joined")
      for (let i = 21; i <= 30; i++) await say(bob, `${i}`, `again-${i}`)
      absent.socket.connect()
      for (const member of [resuming, absent]) {
        await until("who was away has heard all", () => member.messages.length >= 30)
        assert.deepEqual(numbers(member), upTo(1, 30))
        assert.deepEqual(texts(member), upTo(1, 30).map(String))
        assert.equal(member.joins.at(-1).user_id, member.joins[0].user_id)
      }
      assert.equal((await say(bob, "21", "again-21")).seq, 21)
    })
  }
})

async function resumingMember(userId, roomId) {
  const member = channel(await user(userId), roomId, () => ({last_seq: member.messages.at(-1)?.seq ?? 0}))
  await answered(member.join().receive("ok", reply => member.joins.push(reply)))
  return member
}

function closing(socket) {
  return new Promise(resolve => {
    const ref = socket.onClose(event => {
      socket.off([ref])
      resolve(event)
    })
  })
}
