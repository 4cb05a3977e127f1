// A room that this page is in: its channel, its timeline, its outbox, who is there and who writes.

import {Presence} from "../vendor/phoenix.js"
import {Outbox} from "./outbox.js"
import {Timeline} from "./timeline.js"

const HISTORY = 50
const TYPING_MS = 4_000
const PICTURE_TIMEOUT_MS = 40_000

const lost = {reason: "unanswered", message: "no answer came; it may have arrived"}

export class Room extends EventTarget {
  constructor(session, id) {
    super()
    this.session = session
    this.id = id
    this.timeline = new Timeline()
    this.outbox = new Outbox({
      deliver: (item, to) => this.deliver(item, to),
      changed: () => this.tell("change"),
      gone: item => { if (item.preview) URL.revokeObjectURL(item.preview) },
    })
    this.unread = 0
    this.people = null
    this.typing = new Map()
    this.state = "joining"
    this.error = null
    this.reading = false
    this.channel = session.socket.channel(`room:${id}`, () => this.timeline.joinParams())
    this.listen()
    this.channel.join()
      .receive("ok", reply => this.joined(reply))
      .receive("error", error => this.refused(error))
  }

  tell(type, detail) { this.dispatchEvent(new CustomEvent(type, {detail})) }

  listen() {
    this.channel.on("message", message => this.received(message))
    this.channel.on("gap", ({from, to}) => {
      this.timeline.gap(from, to)
      this.tell("change")
    })
    this.channel.on("typing", ({user_id}) => this.types(user_id))
    this.channel.onError(() => this.away())
    const presence = new Presence(this.channel)
    presence.onSync(() => {
      this.people = presence.list(userId => userId).sort((a, b) => a.localeCompare(b))
      this.tell("people")
    })
  }

  joined(reply) {
    this.session.advised(reply)
    this.state = "joined"
    this.error = null
    if (this.timeline.joined(reply.seq)) this.readOlder()
    this.outbox.opened()
    this.tell("change")
  }

  // The client itself tries again, except where that is of no use.
  refused({reason, message}) {
    this.state = "refused"
    this.error = message ?? reason
    if (["unauthorized", "invalid_room_id", "unmatched_topic", "too_many_rooms"].includes(reason)) this.leave()
    this.tell("change")
    this.tell("refused", this.error)
  }

  away() {
    this.reading = false
    if (this.state === "joined") this.state = "away"
    this.outbox.closed()
    this.tell("change")
  }

  leave() {
    this.channel.leave()
  }

  received(message) {
    const isNew = this.timeline.receive(message)
    this.typing.delete(message.user_id)
    if (message.user_id === this.session.userId) this.outbox.arrived(message)
    if (isNew) this.tell("message", message)
    this.tell("change")
  }

  // The messages before those that are there.
  readOlder() {
    if (this.reading || this.timeline.complete || this.state !== "joined") return
    this.reading = true
    this.tell("change")
    const done = () => {
      this.reading = false
      this.tell("change")
    }
    this.channel.push("history", {before: this.timeline.oldest(), limit: HISTORY})
      .receive("ok", ({messages}) => {
        this.timeline.prepend(messages, HISTORY)
        done()
      })
      .receive("error", done)
      .receive("timeout", done)
  }

  write(text) { this.outbox.add({kind: "text", payload: {text}}) }

  sendPicture(file, preview) { this.outbox.add({kind: "picture", file, preview}) }

  deliver(item, {stored, refused}) {
    if (item.kind === "text") {
      this.channel.push("message", {payload: item.payload, id: item.id})
        .receive("ok", ({seq}) => this.stored(item, seq, stored))
        .receive("error", refused)
        .receive("timeout", () => refused(lost))
      return
    }
    item.file.arrayBuffer().then(buffer => {
      this.channel.push("picture", buffer, PICTURE_TIMEOUT_MS)
        .receive("ok", ({seq}) => this.stored(item, seq, stored))
        .receive("error", refused)
        .receive("timeout", () => refused(lost))
    }, () => refused({message: "the file cannot be read any more"}))
      // The client's binary frames have no room for the longest names of rooms.
      .catch(error => refused({message: error.message}))
  }

  // The room may have told it before the answer came.
  stored(item, seq, stored) {
    stored(seq)
    if (this.timeline.has(seq)) this.outbox.discard(item.id)
  }

  iType() {
    const now = Date.now()
    if (this.state !== "joined" || now - (this.typedAt ?? 0) < TYPING_MS / 2) return
    this.typedAt = now
    this.channel.push("typing", {})
  }

  types(userId) {
    if (userId === this.session.userId) return
    clearTimeout(this.typing.get(userId))
    this.typing.set(userId, setTimeout(() => {
      this.typing.delete(userId)
      this.tell("typing")
    }, TYPING_MS))
    this.tell("typing")
  }

  // The bytes of a picture or its thumbnail.
  fetchPicture(id, event) {
    return new Promise((resolve, reject) => {
      this.channel.push(event, {id}, PICTURE_TIMEOUT_MS)
        .receive("ok", resolve)
        .receive("error", ({message, reason}) => reject(Object.assign(new Error(message ?? reason), {reason})))
        .receive("timeout", () => reject(new Error("no answer came")))
    })
  }
}
