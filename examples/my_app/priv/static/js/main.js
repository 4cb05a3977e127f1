// Puts the page together: first a name, then the chat and the panel over one connection.

import {$} from "./dom.js"
import {Announcer} from "./announcer.js"
import {Chat} from "./chat.js"
import {Panel} from "./panel.js"
import {Session, fetchToken} from "./session.js"

// Of this tab alone, so that two tabs may be two people.
const store = sessionStorage
const FIRST_ROOM = "lobby"

function remembered() {
  try {
    return JSON.parse(store.getItem("my_app")) ?? {}
  } catch {
    return {}
  }
}

function remember(changes) {
  store.setItem("my_app", JSON.stringify({...remembered(), ...changes}))
}

function welcome(error = "") {
  $("welcome").hidden = false
  $("sign-in-error").textContent = error
  $("name").focus()
}

async function signIn(name) {
  const button = $("sign-in").querySelector("button")
  button.disabled = true
  try {
    const token = await fetchToken(name)
    remember({name})
    start(name, token)
  } catch (error) {
    welcome(error instanceof TypeError ? "The server does not answer. Is it running?" : error.message)
  } finally {
    button.disabled = false
  }
}

function start(name, token) {
  $("welcome").hidden = true
  $("app").hidden = false
  $("me").hidden = false
  document.querySelector(".me-name").textContent = name
  const session = new Session(name, token)
  showState(session)
  session.addEventListener("state", () => showState(session))
  setInterval(() => { if (session.state === "lost") showState(session) }, 250)
  const chat = new Chat({
    session,
    announcer: new Announcer($("announcer")),
    remember: (rooms, current) => remember({rooms, current}),
  })
  const {rooms = [], current} = remembered()
  const joined = rooms.length > 0 ? rooms : [FIRST_ROOM]
  joined.forEach(id => chat.join(id))
  chat.show(joined.includes(current) ? current : joined[0])
  new Panel({session})
  $("text").focus()
}

function showState(session) {
  const status = $("status")
  const connecting = session.socket.connectionState() === "connecting"
  const left = Math.max(0, (session.nextTryAt ?? 0) - Date.now())
  const text = {
    on: "Connected",
    connecting: "Connecting…",
    lost: left > 0 && !connecting ? "Connection lost, trying again" : "Connecting again…",
  }[session.state]
  status.dataset.state = session.state
  if (status.textContent !== text) status.textContent = text
}

$("sign-in").addEventListener("submit", event => {
  event.preventDefault()
  const name = $("name").value.trim()
  if (name !== "") signIn(name)
})

$("change-name").addEventListener("click", () => {
  store.removeItem("my_app")
  location.reload()
})

for (const button of document.querySelectorAll(".views button")) {
  button.addEventListener("click", () => {
    document.body.dataset.view = button.dataset.show
    for (const other of document.querySelectorAll(".views button")) other.setAttribute("aria-pressed", String(other === button))
  })
}

const {name} = remembered()
if (name) signIn(name)
else welcome()
