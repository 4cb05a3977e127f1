// Puts the client where the page takes it from, under a name that every web server takes for JavaScript.
import {copyFile, mkdir} from "node:fs/promises"

const vendor = new URL("../priv/static/vendor/", import.meta.url)
const client = new URL("node_modules/phoenix/priv/static/phoenix.mjs", import.meta.url)
await mkdir(vendor, {recursive: true})
await copyFile(client, new URL("phoenix.js", vendor))
