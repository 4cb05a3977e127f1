// Where a message is written, and where pictures are chosen, pasted or dropped.

import {$} from "./dom.js"
import {bytes} from "./format.js"

const TYPES = ["image/jpeg", "image/png", "image/webp"]
const LARGEST = 10_000_000

export class Composer {
  constructor({room}) {
    this.room = room
    this.error = $("composer-error")
    this.form = $("composer")
    this.text = $("text")
    this.file = $("file")
    this.form.addEventListener("submit", event => {
      event.preventDefault()
      this.send()
    })
    this.text.addEventListener("keydown", event => {
      if (event.key !== "Enter" || event.shiftKey || event.isComposing) return
      event.preventDefault()
      this.send()
    })
    this.text.addEventListener("input", () => {
      this.error.textContent = ""
      this.grow()
      if (this.text.value.trim() !== "") this.room()?.iType()
    })
    $("attach").addEventListener("click", () => this.file.click())
    this.file.addEventListener("change", () => {
      for (const file of this.file.files) this.picture(file)
      this.file.value = ""
    })
    this.text.addEventListener("paste", event => this.take(event, event.clipboardData))
    const conversation = this.form.parentElement
    conversation.addEventListener("dragover", event => {
      if (![...event.dataTransfer.types].includes("Files")) return
      event.preventDefault()
      this.form.classList.add("dropping")
    })
    conversation.addEventListener("dragleave", () => this.form.classList.remove("dropping"))
    conversation.addEventListener("drop", event => {
      this.form.classList.remove("dropping")
      this.take(event, event.dataTransfer)
    })
  }

  send() {
    const text = this.text.value.trim()
    const room = this.room()
    if (text === "" || !room) return
    room.write(text)
    this.text.value = ""
    this.grow()
  }

  take(event, data) {
    const files = [...data.files]
    if (files.length === 0) return
    event.preventDefault()
    files.forEach(file => this.picture(file))
  }

  picture(file) {
    this.error.textContent = refusal(file)
    if (this.error.textContent === "") this.room()?.sendPicture(file, URL.createObjectURL(file))
  }

  // As high as what is written in it, up to what the style allows.
  grow() {
    this.text.rows = 1
    const line = parseFloat(getComputedStyle(this.text).lineHeight) || 21
    this.text.rows = Math.max(1, Math.min(6, Math.round((this.text.scrollHeight - 12) / line)))
  }
}

function refusal({name, type, size}) {
  if (!TYPES.includes(type)) return `${name} is no JPEG, PNG or WebP picture.`
  if (size > LARGEST) return `${name} has ${bytes(size)}; pictures may have ${bytes(LARGEST)}.`
  return ""
}
