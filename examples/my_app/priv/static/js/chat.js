// The left side: the rooms that somebody is in, and the one of them that is shown.

import {$, arrange, debounced, element} from "./dom.js"
import {count, names} from "./format.js"
import {Composer} from "./composer.js"
import {MessagesView} from "./messages_view.js"
import {Pictures} from "./pictures.js"
import {Room} from "./room.js"
import {Viewer} from "./viewer.js"

// The live panel's own room.
const RESERVED = "panel"

export class Chat {
  constructor({session, announcer, remember}) {
    Object.assign(this, {session, announcer, remember})
    this.rooms = new Map()
    this.current = null
    const pictures = new Pictures()
    this.view = new MessagesView({pictures, viewer: new Viewer(pictures), userId: session.userId})
    this.composer = new Composer({room: () => this.current})
    this.render = debounced(() => this.draw())
    $("join").addEventListener("submit", event => {
      event.preventDefault()
      const id = $("room").value.trim()
      if (id === "") return
      $("room").value = ""
      this.join(id)
      this.show(id)
      $("text").focus()
    })
    $("leave").addEventListener("click", () => this.leave(this.current.id))
    document.addEventListener("visibilitychange", () => this.seen())
  }

  join(id) {
    $("join-error").textContent = ""
    if (id === RESERVED) return this.complain("“panel” is the room of the live panel; choose another name.")
    if (this.rooms.has(id)) return
    const room = new Room(this.session, id)
    this.rooms.set(id, room)
    room.addEventListener("change", this.render)
    room.addEventListener("people", this.render)
    room.addEventListener("typing", this.render)
    room.addEventListener("message", ({detail}) => this.arrived(room, detail))
    room.addEventListener("refused", ({detail}) => this.complain(`${id}: ${detail}`))
    this.remember([...this.rooms.keys()], this.current?.id)
    this.render()
  }

  show(id) {
    const room = this.rooms.get(id)
    if (!room) return
    this.current = room
    this.view.show(room)
    this.seen()
    this.remember([...this.rooms.keys()], id)
    this.render()
  }

  leave(id) {
    const room = this.rooms.get(id)
    if (!room) return
    room.leave()
    this.rooms.delete(id)
    const [next] = this.rooms.keys()
    this.current = null
    this.view.show(null)
    if (next) this.show(next)
    this.remember([...this.rooms.keys()], next)
    this.render()
    $(next ? "text" : "room").focus()
  }

  arrived(room, message) {
    const mine = message.user_id === this.session.userId
    const seen = room === this.current && !document.hidden
    if (!seen && !mine) room.unread++
    if (!mine && room === this.current) this.announcer.message(message.user_id, spoken(message.payload), room.id)
  }

  seen() {
    if (this.current && !document.hidden) this.current.unread = 0
    this.render()
  }

  complain(text) { $("join-error").textContent = text }

  draw() {
    arrange($("rooms"), [...this.rooms.values()].map(room => this.item(room)))
    const {current} = this
    $("room-title").textContent = current ? current.id : "No room"
    $("room-note").textContent = current ? noteOn(current) : "Join one to talk."
    $("leave").hidden = !current
    $("composer").inert = !current
    const people = current?.people ?? null
    arrange($("people"), people === null
      ? [element("li", {class: "note", text: current ? "Not shown here" : "Nobody"})]
      : people.map(userId => element("li", {text: userId === this.session.userId ? `${userId} (you)` : userId})))
    const typing = current ? [...current.typing.keys()] : []
    $("typing").textContent = typing.length === 0 ? "" : `${names(typing)} ${typing.length === 1 ? "is" : "are"} writing…`
    const unread = [...this.rooms.values()].reduce((sum, room) => sum + room.unread, 0)
    document.title = `${unread > 0 ? `(${unread}) ` : ""}MyApp, a chat that stays quick`
  }

  item(room) {
    const {id, unread} = room
    const isCurrent = room === this.current
    room.item ??= element("li", {}, element("button", {type: "button", on: {click: () => this.show(id)}},
      element("span", {class: "room-name", text: id}), element("span", {class: "badge", "aria-hidden": "true"})))
    const button = room.item.firstChild
    if (isCurrent) button.setAttribute("aria-current", "true")
    else button.removeAttribute("aria-current")
    button.setAttribute("aria-label", unread > 0 ? `${id}, ${unread} unread` : id)
    button.lastChild.hidden = unread === 0
    button.lastChild.textContent = unread > 99 ? "99+" : unread
    return room.item
  }
}

function noteOn({state, people, error}) {
  if (state === "joining") return "Joining…"
  if (state === "away") return "Coming back…"
  if (state === "refused") return error
  return people ? count(people.length, "person", "people") + " here" : ""
}

function spoken(payload) {
  if (payload?.type === "picture") return payload.text ? `a picture, ${payload.text}` : "a picture"
  return typeof payload?.text === "string" ? payload.text : "a message"
}
