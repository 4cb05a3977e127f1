// The parts of the page that know neither sockets nor the page.

import assert from "node:assert/strict"
import {describe, test} from "node:test"
import {duration, names} from "../../priv/static/js/format.js"
import {Waits} from "../../priv/static/js/latency.js"
import {Outbox, newId} from "../../priv/static/js/outbox.js"
import {Pinger} from "../../priv/static/js/pinger.js"
import {delayMs} from "../../priv/static/js/session.js"
import {Timeline} from "../../priv/static/js/timeline.js"

const message = seq => ({seq, user_id: "ada", at_ms: seq, id: null, payload: {text: `${seq}`}})
const shown = timeline => timeline.entries.map(({kind, from, to}) => kind === "gap" ? `${from}-${to}` : from)

describe("a timeline", () => {
  test("tells nothing at first, and then from where to go on", () => {
    const timeline = new Timeline()
    assert.deepEqual(timeline.joinParams(), {})
    assert.equal(timeline.joined(7), true)
    assert.deepEqual(timeline.joinParams(), {last_seq: 7})
    timeline.receive(message(8))
    assert.deepEqual(timeline.joinParams(), {last_seq: 8})
    assert.equal(timeline.joined(12), false)
    assert.deepEqual(timeline.joinParams(), {last_seq: 8})
  })

  test("asks an empty room for what comes after nothing", () => {
    const timeline = new Timeline()
    timeline.joined(0)
    assert.equal(timeline.complete, true)
    assert.deepEqual(timeline.joinParams(), {last_seq: 0})
  })

  test("shows each message once, in the order of their numbers", () => {
    const timeline = new Timeline()
    timeline.joined(5)
    assert.equal(timeline.receive(message(6)), true)
    assert.equal(timeline.receive(message(6)), false)
    timeline.prepend([message(3), message(4), message(5), message(6)], 4)
    timeline.receive(message(7))
    assert.deepEqual(shown(timeline), [3, 4, 5, 6, 7])
    assert.equal(timeline.oldest(), 3)
    assert.equal(timeline.has(5), true)
    assert.equal(timeline.has(2), false)
  })

  test("is complete where less came than was asked for, or the first one did", () => {
    const timeline = new Timeline()
    timeline.joined(4)
    timeline.prepend([message(3), message(4)], 2)
    assert.equal(timeline.complete, false)
    timeline.prepend([message(1), message(2)], 2)
    assert.equal(timeline.complete, true)
  })

  test("shows gaps in their place, and goes on after them", () => {
    const timeline = new Timeline()
    timeline.joined(2)
    timeline.gap(3, 9)
    timeline.gap(3, 9)
    timeline.receive(message(10))
    assert.deepEqual(shown(timeline), ["3-9", 10])
    assert.deepEqual(timeline.joinParams(), {last_seq: 10})
  })

  test("begins anew where the room has", () => {
    const timeline = new Timeline()
    timeline.joined(9)
    timeline.receive(message(10))
    assert.equal(timeline.joined(2), true)
    assert.deepEqual(shown(timeline), [])
    assert.deepEqual(timeline.joinParams(), {last_seq: 2})
  })

  test("forgets the oldest, which can be read again", () => {
    const timeline = new Timeline()
    timeline.joined(0)
    for (let seq = 1; seq <= 5; seq++) timeline.receive(message(seq))
    assert.equal(timeline.trim(3), true)
    assert.deepEqual(shown(timeline), [3, 4, 5])
    assert.equal(timeline.complete, false)
    timeline.prepend([message(1), message(2)], 50)
    assert.deepEqual(shown(timeline), [1, 2, 3, 4, 5])
  })
})

describe("an outbox", () => {
  const made = () => {
    const sent = []
    const gone = []
    const pauses = []
    const outbox = new Outbox({
      deliver: (item, to) => sent.push({item, ...to}),
      changed: () => {},
      gone: item => gone.push(item),
      later: call => pauses.push(call),
    })
    return {outbox, sent, gone, pauses}
  }
  const write = (outbox, text) => outbox.add({kind: "text", payload: {text}})
  const texts = sent => sent.map(({item}) => item.payload.text)

  test("sends one after the other, when the room is there", () => {
    const {outbox, sent, gone} = made()
    write(outbox, "a")
    write(outbox, "b")
    assert.deepEqual(texts(sent), [])
    outbox.opened()
    assert.deepEqual(texts(sent), ["a"])
    sent[0].stored(1)
    assert.deepEqual(texts(sent), ["a", "b"])
    outbox.arrived({...message(1), id: sent[0].item.id})
    assert.deepEqual(outbox.items.map(({state}) => state), ["sending"])
    assert.equal(gone.length, 1)
  })

  test("knows a message that comes before its answer", () => {
    const {outbox, sent} = made()
    outbox.opened()
    write(outbox, "a")
    outbox.arrived({...message(1), id: sent[0].item.id})
    sent[0].stored(1)
    assert.deepEqual(outbox.items, [])
  })

  test("sends again what was under way, with the same id, and heeds no answer of before", () => {
    const {outbox, sent} = made()
    outbox.opened()
    write(outbox, "a")
    outbox.closed()
    outbox.opened()
    assert.equal(sent.length, 2)
    assert.equal(sent[0].item.id, sent[1].item.id)
    sent[0].refused({reason: "unanswered"})
    assert.equal(outbox.items[0].state, "sending")
    sent[1].stored(4)
    assert.equal(outbox.items[0].state, "stored")
  })

  test("waits a moment where it was too much at once, and sends the rest in its order", () => {
    const {outbox, sent, pauses} = made()
    outbox.opened()
    write(outbox, "a")
    write(outbox, "b")
    sent[0].refused({reason: "rate_limited"})
    assert.deepEqual(texts(sent), ["a"])
    pauses[0]()
    assert.deepEqual(texts(sent), ["a", "a"])
    sent[1].stored(1)
    assert.deepEqual(texts(sent), ["a", "a", "b"])
  })

  test("sends again what a room that has just crashed did not take", () => {
    for (const reason of ["not_a_member", "unavailable"]) {
      const {outbox, sent, pauses} = made()
      outbox.opened()
      write(outbox, "a")
      sent[0].refused({reason})
      assert.equal(outbox.items[0].state, "waiting")
      pauses[0]()
      assert.deepEqual(texts(sent), ["a", "a"])
      assert.equal(sent[0].item.id, sent[1].item.id)
    }
  })

  test("keeps what was refused until its writer decides, and sends the others", () => {
    const {outbox, sent} = made()
    outbox.opened()
    write(outbox, "a")
    write(outbox, "b")
    sent[0].refused({reason: "overloaded", message: "the queue is full"})
    assert.deepEqual(outbox.items.map(({state}) => state), ["failed", "sending"])
    assert.equal(outbox.items[0].error, "the queue is full")
    sent[1].stored(1)
    outbox.retry(outbox.items[0].id)
    assert.deepEqual(texts(sent), ["a", "b", "a"])
    assert.equal(sent[0].item.id, sent[2].item.id)
    sent[2].refused({reason: "overloaded"})
    outbox.discard(sent[0].item.id)
    assert.deepEqual(outbox.items.map(({payload}) => payload.text), ["b"])
  })

  test("sends by itself what nobody has answered, and leaves pictures to their sender", () => {
    const {outbox, sent} = made()
    outbox.opened()
    write(outbox, "a")
    sent[0].refused({reason: "unanswered", message: "no answer"})
    outbox.add({kind: "picture"})
    outbox.closed()
    assert.deepEqual(outbox.items.map(({state}) => state), ["failed", "failed"])
    outbox.opened()
    assert.deepEqual(outbox.items.map(({state}) => state), ["sending", "failed"])
    assert.match(outbox.items[1].error, /may have arrived/)
  })

  test("makes ids that differ", () => {
    const ids = new Set(Array.from({length: 1_000}, newId))
    assert.equal(ids.size, 1_000)
    assert.match(newId(), /^[0-9a-f]{24}$/)
  })
})

describe("waits", () => {
  test("have the percentiles of the last while", () => {
    const waits = new Waits(1_000)
    assert.deepEqual(waits.summary(0), {count: 0, p50: null, p99: null, max: null})
    waits.add(0, 900)
    for (let ms = 1; ms <= 100; ms++) waits.add(500 + ms, ms)
    assert.deepEqual(waits.summary(999), {count: 101, p50: 51, p99: 100, max: 900})
    assert.deepEqual(waits.summary(1_100), {count: 100, p50: 50, p99: 99, max: 100})
    assert.equal(waits.summary(5_000).count, 0)
  })

  test("add up the buckets of many", () => {
    const waits = new Waits(1_000)
    waits.addMany(10, [[1, 98], [8, 1]], {p50: 1, p99: 8, max: 7})
    waits.addMany(20, [[1, 1]], {p50: 1, p99: 1, max: 1})
    assert.deepEqual(waits.summary(30), {count: 100, p50: 1, p99: 1, max: 7})
    assert.equal(waits.points(30).length, 2)
  })
})

describe("a pinger", () => {
  const made = () => {
    const clock = {now: 0, call: null}
    const asked = []
    const heard = []
    const pinger = new Pinger({
      everyMs: 100,
      now: () => clock.now,
      later: call => (clock.call = call),
      never: () => (clock.call = null),
      ask: answered => { asked.push(answered) },
      heard: (at, ms) => heard.push(ms),
    })
    const at = now => {
      clock.now = now
      clock.call()
    }
    return {pinger, clock, asked, heard, at}
  }

  test("counts from the moment at which it meant to ask", () => {
    const {pinger, clock, asked, heard, at} = made()
    pinger.start()
    at(107)
    clock.now = 112
    asked[0]()
    asked[0]()
    assert.deepEqual(heard, [12])
  })

  test("asks for all the moments that it has slept through", () => {
    const {pinger, asked, heard, at} = made()
    pinger.start()
    at(350)
    assert.equal(asked.length, 3)
    assert.equal(pinger.waitingMs(), 250)
    asked.forEach(answered => answered())
    assert.deepEqual(heard, [250, 150, 50])
    assert.equal(pinger.waitingMs(), 0)
  })

  test("counts no answer that comes after its end", () => {
    const {pinger, asked, heard, at} = made()
    pinger.start()
    at(100)
    pinger.stop()
    pinger.start()
    asked[0]()
    assert.deepEqual(heard, [])
    assert.equal(pinger.running, true)
  })
})

test("a page comes back when it was advised to, and ever later while nobody is there", () => {
  assert.equal(delayMs(1_873, 1), 1_873)
  assert.equal(delayMs(1_000, 2, 0), 1_500)
  assert.equal(delayMs(1_000, 2, 1), 2_500)
  assert.ok(delayMs(1_000, 30) <= 12_500)
})

test("times and names are short", () => {
  assert.deepEqual([null, 0.0512, 4.25, 123.4, 1_234, 12_345].map(duration), ["–", "0.05 ms", "4.3 ms", "123 ms", "1.23 s", "12.3 s"])
  assert.deepEqual([["a"], ["a", "b"], ["a", "b", "c"], ["a", "b", "c", "d", "e"]].map(names), ["a", "a and b", "a, b and c", "a, b and 3 others"])
})
