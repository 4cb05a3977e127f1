// MyApp as a process that a test starts, commands, stops and starts again.

import {spawn} from "node:child_process"
import {once} from "node:events"
import {mkdtemp, rm} from "node:fs/promises"
import {tmpdir} from "node:os"
import {join} from "node:path"
import {createInterface} from "node:readline"
import {fileURLToPath} from "node:url"

const project = fileURLToPath(new URL("../../..", import.meta.url))

// The first start may have to compile.
const START_MS = 300_000

export class Server {
  static async start() {
    const server = new Server(await mkdtemp(join(tmpdir(), "my_app-browser-")))
    await server.start()
    return server
  }

  constructor(dir) {
    this.dir = dir
    this.port = 0
  }

  get url() { return `http://127.0.0.1:${this.port}` }

  // At the port that it had before.
  async start() {
    this.lines = []
    this.waiting = []
    this.process = spawn("mix", ["run", "--no-start", "test/browser/server.exs", this.dir, String(this.port)], {cwd: project, stdio: ["pipe", "pipe", "pipe"]})
    this.ended = once(this.process, "exit")
    for (const output of [this.process.stdout, this.process.stderr]) {
      createInterface({input: output}).on("line", line => this.heard(line))
    }
    this.port = Number((await this.line(/^listening (\d+)$/, START_MS))[1])
  }

  heard(line) {
    this.lines.push(line)
    this.waiting = this.waiting.filter(waits => !waits(line))
  }

  // The next line that matches.
  line(pattern, ms = 30_000) {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`the server did not say ${pattern}, but:\n${this.lines.join("\n")}`)), ms)
      this.ended.then(() => reject(new Error(`the server has ended:\n${this.lines.join("\n")}`)), reject)
      this.waiting.push(line => {
        const match = line.match(pattern)
        if (!match) return false
        clearTimeout(timer)
        resolve(match)
        return true
      })
    })
  }

  async command(text) {
    const done = this.line(new RegExp(`^done ${text}$`))
    this.process.stdin.write(`${text}\n`)
    await done
  }

  // As an operator stops it.
  async stop() {
    this.process.kill("SIGTERM")
    await this.ended
  }

  // As a power cut does.
  async kill() {
    this.process.kill("SIGKILL")
    await this.ended
  }

  async remove() {
    if (this.process.exitCode === null && this.process.signalCode === null) await this.stop()
    await rm(this.dir, {recursive: true, force: true})
  }
}
