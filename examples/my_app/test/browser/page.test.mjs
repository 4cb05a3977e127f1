// The page in a real browser: two windows, as two people.

import assert from "node:assert/strict"
import {existsSync} from "node:fs"
import {mkdir} from "node:fs/promises"
import {after, afterEach, before, test} from "node:test"
import {fileURLToPath} from "node:url"
import {chromium} from "playwright-core"
import {until} from "./support/client.mjs"
import {Server} from "./support/server.mjs"

const screenshots = fileURLToPath(new URL("screenshots/", import.meta.url))
const fixture = name => fileURLToPath(new URL(`../fixtures/${name}`, import.meta.url))
const executablePath = process.env.CHROMIUM
  ?? ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome", "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"].find(existsSync)

let server
let browser
let windows = []
let rooms = 0

before(async () => {
  assert.ok(executablePath, "no Chromium is there: bin/setup installs it, or CHROMIUM names one")
  await mkdir(screenshots, {recursive: true})
  server = await Server.start()
  // Root, as in a container, has no sandbox.
  browser = await chromium.launch({executablePath, args: process.getuid() === 0 ? ["--no-sandbox"] : []})
})

after(async () => {
  await browser?.close()
  await server?.remove()
})

afterEach(async () => {
  const wrong = windows.flatMap(({wrong}) => wrong)
  await Promise.all(windows.map(({page}) => page.context().close()))
  windows = []
  assert.deepEqual(wrong, [])
})

// A window of its own, whatever goes wrong in it, and whatever it asks others for.
async function open(options = {}) {
  const context = await browser.newContext({viewport: {width: 1440, height: 900}, locale: "en-GB", ...options})
  const page = await context.newPage()
  page.setDefaultTimeout(30_000)
  const wrong = []
  page.on("pageerror", error => wrong.push(error.stack))
  page.on("console", message => {
    // The browser itself complains of a server that is away.
    if (message.type() === "error" && !/WebSocket connection|Failed to load resource|ERR_CONNECTION/.test(message.text())) wrong.push(message.text())
  })
  page.on("request", request => {
    const url = request.url()
    if (!url.startsWith(server.url) && !url.startsWith("blob:")) wrong.push(`a request for ${url}`)
  })
  windows.push({page, wrong})
  await page.goto(server.url)
  return page
}

async function signIn(name, room, options) {
  const page = await open(options)
  await page.getByLabel("Name").fill(name)
  await page.getByRole("button", {name: "Start"}).click()
  await connected(page)
  if (room) await joinRoom(page, room)
  return page
}

const connected = page => page.locator("#status[data-state=on]").waitFor()
const newRoom = () => `room-${++rooms}`
const message = page => page.getByRole("textbox", {name: "Message"})
const messages = page => page.locator("#messages .message:not(.pending) .body").allTextContents()
const people = page => page.locator("#people li").allTextContents()
const shot = (page, name) => page.screenshot({path: `${screenshots}${name}.png`})

async function joinRoom(page, room) {
  await page.getByRole("textbox", {name: "Room to join"}).fill(room)
  await page.keyboard.press("Enter")
  await page.getByRole("heading", {name: room, exact: true}).waitFor()
  await page.locator("#room-note", {hasText: "here"}).waitFor()
}

async function say(page, text) {
  await message(page).fill(text)
  await page.keyboard.press("Enter")
}

const hears = (page, text) => page.locator("#messages .message:not(.pending) .body", {hasText: text}).waitFor()

async function two(room = newRoom()) {
  return [await signIn("ada", room), await signIn("bob", room), room]
}

test("two people talk, see each other, and see who is writing", async () => {
  const [ada, bob] = await two()
  await say(ada, "Hello, Bob!")
  await hears(bob, "Hello, Bob!")
  await message(bob).pressSequentially("Hello")
  await ada.getByText("bob is writing…").waitFor()
  await say(bob, "Hello, Ada. <b>No HTML</b>")
  await hears(ada, "Hello, Ada. <b>No HTML</b>")
  assert.deepEqual(await messages(ada), ["Hello, Bob!", "Hello, Ada. <b>No HTML</b>"])
  assert.deepEqual(await messages(ada), await messages(bob))
  await until("each sees both", async () => (await people(ada)).join() === "ada (you),bob" && (await people(bob)).join() === "ada,bob (you)")
  await until("it is said aloud", async () => (await ada.locator("#announcer").textContent()).includes("Hello, Ada."))
  await shot(ada, "chat-light")
})

test("what is said in another room is counted", async () => {
  const [ada, bob] = await two()
  const other = newRoom()
  await joinRoom(ada, other)
  await say(bob, "one")
  await say(bob, "two")
  const item = ada.getByRole("button", {name: /, 2 unread/})
  await item.waitFor()
  await item.click()
  await hears(ada, "two")
  await until("it is read", async () => await ada.getByRole("button", {name: /unread/}).count() === 0)
})

test("the history is read when one scrolls up, and stays where it is", async () => {
  const room = newRoom()
  const ada = await signIn("ada", room)
  // More at once than the chat lets one connection send.
  for (let i = 1; i <= 120; i++) await say(ada, `message ${i}`)
  await until("all are stored", async () => (await messages(ada)).length === 120)
  const bob = await signIn("bob", room)
  await hears(bob, "message 120")
  await until("the newest fifty are there", async () => (await messages(bob)).length === 50)
  const first = bob.locator("#messages .body", {hasText: /^message 71$/})
  await first.scrollIntoViewIfNeeded()
  await bob.locator("#scroller").evaluate(element => { element.scrollTop = 0 })
  await until("older ones are there", async () => (await messages(bob)).length >= 100)
  assert.ok(await first.evaluate(element => element.getBoundingClientRect().bottom > 0), "what was being read has moved away")
  await bob.locator("#scroller").evaluate(element => { element.scrollTop = 0 })
  await bob.getByText("This is where the room begins.").waitFor()
  assert.deepEqual(await messages(bob), Array.from({length: 120}, (_, index) => `message ${index + 1}`))
})

test("a picture is sent, its thumbnail is shown, and it opens in full", async () => {
  const [ada, bob] = await two()
  await ada.locator("#file").setInputFiles(fixture("gradient.jpg"))
  for (const page of [ada, bob]) {
    const thumbnail = page.getByRole("img", {name: "Picture from ada, 60 by 40 pixels"})
    await until("the thumbnail is shown", () => thumbnail.evaluate(image => image.src.startsWith("blob:") && image.complete && image.naturalWidth === 60))
  }
  await bob.getByRole("button", {name: /Picture from ada/}).click()
  const full = bob.locator("#viewer-image")
  await full.waitFor()
  await until("the picture is shown", () => full.evaluate(image => image.naturalWidth === 60))
  await shot(bob, "picture")
  await bob.keyboard.press("Escape")
  await full.waitFor({state: "hidden"})

  await ada.locator("#file").setInputFiles({name: "notes.txt", mimeType: "text/plain", buffer: Buffer.from("no picture")})
  await ada.getByText("notes.txt is no JPEG, PNG or WebP picture.").waitFor()
  await ada.locator("#file").setInputFiles({name: "notes.png", mimeType: "image/png", buffer: Buffer.from("no picture")})
  await ada.getByText(/Not sent: /).waitFor()
  await ada.getByRole("button", {name: "Discard"}).click()
  await until("it is gone", async () => await ada.locator(".pending").count() === 0)
})

test("each kind of work is started and stopped, and its figures are shown", async () => {
  const ada = await signIn("ada", newRoom())
  const cells = series => ada.locator(`[data-series=${series}] td`).allTextContents()
  const figures = () => Promise.all([cells("page"), cells("node")]).then(rows => rows.flat())
  await until("there are figures", async () => (await figures()).every(text => /^[\d.]+ m?s$/.test(text)))

  await ada.getByLabel("Callers").fill("3")
  for (const [name, mode] of [["Pure Elixir", "pure Elixir"], ["Yielding", "yielding"], ["Dirty", "dirty"]]) {
    const button = ada.getByRole("button", {name: new RegExp(name)})
    await button.click()
    await ada.getByText(`3 callers, ${mode}, started by ada`).waitFor()
    await ada.locator("#work-status", {hasText: /[1-9]\d* calls\/s/}).waitFor()
    assert.equal(await button.getAttribute("aria-pressed"), "true")
    await until("a scheduler is at work", async () => (await ada.locator("#busy .value").allTextContents()).some(text => parseInt(text) > 20))
    if (mode === "yielding") await shot(ada, "panel-light")
    await ada.getByRole("button", {name: "Stop the work"}).click()
    await ada.getByText("No work is running.").waitFor()
  }

  const plain = ada.getByRole("button", {name: /Plain NIF/})
  await plain.click()
  await ada.getByRole("dialog", {name: "Stop the node for a moment?"}).waitFor()
  await shot(ada, "confirm")
  await ada.getByRole("button", {name: "Cancel"}).click()
  await ada.getByText("No work is running.").waitFor()
  await plain.click()
  await ada.getByRole("button", {name: "Make three calls"}).click()
  // A call holds its scheduler for a second. The node stands still meanwhile, and so may have told nobody that it began.
  await until("the node has felt it", async () => {
    const [longest, unit] = (await cells("node"))[2].split(" ")
    return longest * (unit === "s" ? 1_000 : 1) > 900
  })
  await ada.getByText("No work is running.").waitFor()
  const alternative = ada.getByRole("img", {name: /Waits in the last minute/})
  await until("the chart is in words", async () => /longest [\d.]+ m?s/.test(await alternative.getAttribute("aria-label")))
  await shot(ada, "standstill")
})

test("a server that is started again loses nothing of what was said and written, and repeats nothing", async () => {
  const [ada, bob] = await two()
  await say(ada, "before")
  await hears(bob, "before")
  await server.stop()
  await ada.locator("#status[data-state=lost]").waitFor()
  await say(ada, "meanwhile 1")
  await say(ada, "meanwhile 2")
  await ada.getByText("Will be sent when the room is back.").first().waitFor()
  await shot(ada, "away")
  await server.start()
  await Promise.all([ada, bob].map(connected))
  await say(bob, "after")
  for (const page of [ada, bob]) await Promise.all(["meanwhile 1", "meanwhile 2", "after"].map(text => hears(page, text)))
  for (const page of [ada, bob]) {
    assert.deepEqual((await messages(page)).sort(), ["after", "before", "meanwhile 1", "meanwhile 2"])
    assert.equal(await page.locator(".pending").count(), 0)
  }
  const said = await messages(ada)
  assert.deepEqual(said, await messages(bob))
  assert.ok(said.indexOf("meanwhile 1") < said.indexOf("meanwhile 2"))
})

test("the crash of a room is healed without anybody's doing", async () => {
  const [ada, bob, room] = await two()
  await say(ada, "before")
  await hears(bob, "before")
  await server.command(`kill room ${room}`)
  await say(ada, "after")
  await hears(bob, "after")
  assert.deepEqual(await messages(bob), ["before", "after"])
  assert.equal(await bob.locator("#status").getAttribute("data-state"), "on")
})

test("a phone shows the chat or the panel, and nothing is cut off", async () => {
  const page = await signIn("ada", newRoom(), {viewport: {width: 360, height: 740}, hasTouch: true})
  await say(page, `a long word, ${"ab".repeat(80)}, and on`)
  await hears(page, "and on")
  const fits = () => page.evaluate(() => document.documentElement.scrollWidth <= innerWidth)
  assert.ok(await fits())
  await shot(page, "phone-chat")
  await page.getByRole("button", {name: "Live panel"}).click()
  await page.getByRole("button", {name: /Yielding/}).waitFor()
  assert.ok(await message(page).isHidden())
  assert.ok(await fits())
  await until("the chart is drawn", () => page.locator("#chart").evaluate(canvas => canvas.width > 200))
  await shot(page, "phone-panel")
})

test("in the dark it is dark, and who wants no motion has none", async () => {
  const page = await signIn("ada", newRoom(), {colorScheme: "dark", reducedMotion: "reduce"})
  await say(page, "Good evening")
  await hears(page, "Good evening")
  const lightness = await page.evaluate(() => getComputedStyle(document.body).backgroundColor.match(/\d+/g).slice(0, 3).reduce((sum, part) => sum + Number(part), 0))
  assert.ok(lightness < 150, `the page has the lightness ${lightness}`)
  await until("a gauge is there", async () => await page.locator(".fill").count() > 0)
  assert.equal(await page.locator(".fill").first().evaluate(element => getComputedStyle(element).transitionProperty), "none")
  await shot(page, "chat-dark")
})

test("the keyboard alone is enough", async () => {
  const page = await open()
  const focused = () => page.evaluate(() => document.activeElement?.id || document.activeElement?.dataset.mode || document.activeElement?.textContent.trim())
  const tabTo = async (wanted, key = "Tab") => {
    for (let i = 0; i < 40; i++) {
      if (await focused() === wanted) return
      await page.keyboard.press(key)
    }
    assert.fail(`${key} does not reach ${wanted}`)
  }
  assert.equal(await focused(), "name")
  await page.keyboard.type("ada")
  await page.keyboard.press("Enter")
  await connected(page)
  assert.equal(await focused(), "text")
  await page.locator("#room-note", {hasText: "here"}).waitFor()
  await tabTo("room", "Shift+Tab")
  const room = newRoom()
  await page.keyboard.type(room)
  await page.keyboard.press("Enter")
  await page.getByRole("heading", {name: room, exact: true}).waitFor()
  assert.equal(await focused(), "text")
  await page.keyboard.type("by keyboard")
  await page.keyboard.press("Enter")
  await hears(page, "by keyboard")
  await tabTo("attach")
  await tabTo("yielding")
  assert.equal(await page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle), "solid")
  await shot(page, "keyboard")
  await page.keyboard.press("Enter")
  await page.getByText(/callers, yielding, started by ada/).waitFor()
  await tabTo("stop-work")
  await page.keyboard.press("Space")
  await page.getByText("No work is running.").waitFor()
  await tabTo("plain", "Shift+Tab")
  await page.keyboard.press("Enter")
  await page.getByRole("dialog").waitFor()
  assert.equal(await focused(), "Cancel")
  await page.keyboard.press("Escape")
  await page.getByRole("dialog").waitFor({state: "hidden"})
  assert.equal(await focused(), "plain")
})

test("a page that is loaded again is in the same rooms, under the same name", async () => {
  const room = newRoom()
  const ada = await signIn("ada", room)
  await say(ada, "still here")
  await hears(ada, "still here")
  await ada.reload()
  await connected(ada)
  await ada.getByRole("heading", {name: room, exact: true}).waitFor()
  await hears(ada, "still here")
  assert.equal(await ada.locator("#rooms button").count(), 2)
})
