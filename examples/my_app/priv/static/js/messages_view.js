// The messages of the room that is shown, with the gaps between them and what is still on its way.

import {$, arrange, debounced, element} from "./dom.js"
import {bytes, day, time} from "./format.js"

const SAME_BREATH_MS = 5 * 60_000
const NEAR_PX = 120
const MOST_ENTRIES = 600

export class MessagesView {
  constructor({pictures, viewer, userId}) {
    Object.assign(this, {pictures, viewer, userId})
    this.list = $("messages")
    this.scroller = $("scroller")
    this.note = $("history-note")
    this.toNewest = $("to-newest")
    this.room = null
    this.shown = new Map()
    this.render = debounced(() => this.draw())
    this.scroller.addEventListener("scroll", () => this.scrolled(), {passive: true})
    this.toNewest.addEventListener("click", () => this.scrollToNewest())
    // Pictures and a window that is resized move the end.
    new ResizeObserver(() => { if (this.atEnd) this.scrollToNewest() }).observe(this.list)
    new ResizeObserver(() => { if (this.atEnd) this.scrollToNewest() }).observe(this.scroller)
  }

  show(room) {
    if (this.room) this.room.removeEventListener("change", this.render)
    for (const [key, shown] of this.shown) this.forget(key, shown)
    this.list.replaceChildren()
    this.room = room
    this.atEnd = true
    if (!room) return
    room.addEventListener("change", this.render)
    this.draw()
  }

  draw() {
    const {room} = this
    if (!room) return
    if (this.atEnd) room.timeline.trim(MOST_ENTRIES)
    const first = this.list.firstElementChild
    const top = first?.getBoundingClientRect().top

    const keys = new Set()
    const children = []
    const add = (key, state, make) => {
      keys.add(key)
      let shown = this.shown.get(key)
      if (shown?.state !== state) {
        if (shown) this.forget(key, shown)
        shown = {...make(), state}
        this.shown.set(key, shown)
      }
      children.push(shown.node)
    }

    let before = null
    for (const entry of room.timeline.entries) {
      if (entry.kind === "gap") {
        add(`gap ${entry.from}`, entry.to, () => ({node: gapLine(entry)}))
        before = null
        continue
      }
      const {message} = entry
      const today = new Date(message.at_ms).toDateString()
      if (!before || new Date(before.at_ms).toDateString() !== today) {
        add(`day ${today} ${message.seq}`, "", () => ({node: element("li", {class: "day-line", text: day(message.at_ms)})}))
        before = null
      }
      const follows = before?.user_id === message.user_id && message.at_ms - before.at_ms < SAME_BREATH_MS
      add(`message ${message.seq}`, follows, () => this.message(message, follows))
      before = message
    }
    for (const item of room.outbox.items) {
      add(`pending ${item.id}`, `${item.state} ${item.error} ${room.state}`, () => this.pending(item))
    }

    arrange(this.list, children)
    for (const [key, shown] of this.shown) if (!keys.has(key)) this.forget(key, shown)
    this.note.textContent = noteOn(room)
    if (this.atEnd) this.scrollToNewest()
    // What is inserted above must not move what is being read.
    else if (first?.isConnected) this.scroller.scrollTop += first.getBoundingClientRect().top - top
    this.fill()
  }

  // A window higher than a page of history.
  fill() {
    const {scroller, room} = this
    if (scroller.clientHeight > 0 && scroller.scrollHeight <= scroller.clientHeight) room.readOlder()
  }

  forget(key, shown) {
    this.shown.delete(key)
    if (shown.picture) this.pictures.release(shown.picture)
  }

  message(message, follows) {
    const {payload} = message
    const isPicture = payload?.type === "picture" && typeof payload.id === "string"
    const node = element("li", {class: `message${follows ? " follows" : ""}${message.user_id === this.userId ? " mine" : ""}`, "data-seq": message.seq},
      element("p", {class: "message-head"},
        element("span", {class: "author", text: message.user_id}),
        element("time", {datetime: new Date(message.at_ms).toISOString(), text: time(message.at_ms)})))
    if (isPicture) node.append(this.picture(message, payload))
    if (!isPicture || payload.text) node.append(element("p", {class: "body", text: bodyOf(payload)}))
    return {node, picture: isPicture ? payload.id : null}
  }

  picture(message, payload) {
    const {width, height} = payload.thumbnail ?? {}
    const said = `Picture from ${message.user_id}, ${payload.width} by ${payload.height} pixels`
    const image = element("img", {alt: said, width, height})
    const button = element("button", {type: "button", class: "picture", on: {click: () => this.viewer.open(this.room, message)}}, image)
    this.pictures.thumbnail(this.room, payload.id).then(
      url => { image.src = url },
      () => { button.replaceChildren(`${said}: the thumbnail could not be fetched`) })
    return button
  }

  pending(item) {
    const {room} = this
    const node = element("li", {class: "message mine pending", "data-state": item.state})
    if (item.kind === "text") node.append(element("p", {class: "body", text: item.payload.text}))
    else node.append(element("img", {class: "preview", src: item.preview, alt: `Your picture ${item.file.name}, ${bytes(item.file.size)}`}))
    if (item.state === "failed") {
      node.append(element("p", {class: "delivery failed"},
        element("span", {text: `Not sent: ${item.error}`}),
        element("button", {type: "button", text: "Try again", on: {click: () => { room.outbox.retry(item.id); $("text").focus() }}}),
        element("button", {type: "button", class: "quiet", text: "Discard", on: {click: () => { room.outbox.discard(item.id); $("text").focus() }}})))
    } else {
      node.append(element("p", {class: "delivery", text: room.state === "joined" ? "Sending…" : "Will be sent when the room is back."}))
    }
    return {node}
  }

  scrolled() {
    const {scroller, room} = this
    const near = scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight < NEAR_PX
    // Only who scrolls up has left the end: a picture that has just come, or a smaller window, moves the end away instead.
    if (near) this.atEnd = true
    else if (scroller.scrollTop < this.scrollTop) this.atEnd = false
    this.scrollTop = scroller.scrollTop
    this.toNewest.hidden = this.atEnd
    if (room && scroller.scrollTop < NEAR_PX && !this.atEnd) room.readOlder()
  }

  scrollToNewest() {
    this.atEnd = true
    this.toNewest.hidden = true
    this.scroller.scrollTop = this.scroller.scrollHeight
    this.scrollTop = this.scroller.scrollTop
  }
}

function bodyOf(payload) {
  if (typeof payload?.text === "string") return payload.text
  return typeof payload === "string" ? payload : JSON.stringify(payload)
}

function gapLine({from, to}) {
  const text = from === to ? `Message ${from} is not kept any more` : `Messages ${from} to ${to} are not kept any more`
  return element("li", {class: "gap-line", text})
}

function noteOn({timeline, reading, state, error}) {
  if (state === "refused") return error
  if (reading || (timeline.lastSeq === null && state === "joining")) return "Reading what was said before…"
  if (timeline.complete && timeline.entries.length === 0) return "Nobody has said anything here yet."
  return timeline.complete ? "This is where the room begins." : ""
}
