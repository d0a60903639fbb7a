/** The README: its table of settings is that of the schema, and its code works. */
import { expect, test } from 'bun:test'
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { settingsTables } from '../src/docs/settings.ts'
import { ROOT, readme } from './docs/texts.ts'
import { known } from './support/ably.ts'
import { Client, eventually } from './support/client.ts'
import { startTestServer, temporaryFolder } from './support/server.ts'

test('the table of settings is that of src/config.ts', () => {
  const right = `<!-- settings -->\n\n${settingsTables()}\n\n<!-- /settings -->`
  const shown = /<!-- settings -->[^]*<!-- \/settings -->/.exec(readme.text)?.[0]
  if (shown !== right) console.log(`README.md must have:\n\n${right}\n`)
  expect(shown === right).toBe(true)
})

test('every link leads to a file of the repository', () => {
  const links = [...readme.text.matchAll(/\]\(([^)#]+)(?:#[^)]*)?\)/g)].map(([, href]) => href!)
  const files = links.filter((href) => !href.startsWith('https://'))
  expect(files.length).toBeGreaterThan(10)
  expect(files.filter((href) => !existsSync(join(ROOT, href)))).toEqual([])
})

test('it has at most 200 lines without the settings', () => {
  const without = readme.text.replace(/<!-- settings -->[^]*<!-- \/settings -->/, '')
  expect(without.split('\n').length).toBeLessThanOrEqual(200)
})

test('its code for a client connects, sends, receives and reconnects', async () => {
  const folder = temporaryFolder()
  let server = await startTestServer()
  const lobby = `${server.sockets}lobby`
  const listener = await Client.join(lobby)
  const page = runSnippets(folder.path, lobby)
  try {
    const greeting = await listener.message('hello')
    expect(greeting['alias']).toBe('Ann')
    listener.sendJson('one')
    await eventually(() => page.output().includes('one'), 'the page hears a message')
    await server.end()
    server = await startTestServer({ port: String(server.port) })
    const returned = await Client.join(lobby)
    await returned.until(() => returned.frames.find((frame) => frame['total'] === 2))
    returned.sendJson('two')
    await eventually(() => page.output().includes('two'), 'the page hears one after the restart')
  } finally {
    page.end()
    await server.end()
    folder.remove()
  }
})

test('its code for an Ably client connects, publishes and subscribes', async () => {
  const folder = temporaryFolder()
  const server = await startTestServer()
  const key = await known(server, server.addKey())
  const code = [...readme.text.matchAll(/^```ts\n([^]*?)^```$/gm)]
    .map(([, found]) => found!)
    .find((found) => found.includes("from 'ably'"))!
    .replace(/'[^']*:[^']*…'/, JSON.stringify(key))
    .replace('8080', String(server.port))
    .replace("'ably'", JSON.stringify(Bun.resolveSync('ably', import.meta.dir)))
  expect(code).toContain(key)
  const page = run(folder.path, code)
  try {
    await eventually(() => page.output().includes('greeting hello'), 'it hears itself')
  } finally {
    page.end()
    await server.end()
    folder.remove()
  }
})

/** Runs the JavaScript of the README as one program. */
function runSnippets(folder: string, address: string) {
  const snippets = [...readme.text.matchAll(/^```js\n([^]*?)^```$/gm)].map(([, code]) => code!)
  const client = Bun.resolveSync('itty-sockets', import.meta.dir)
  const code = snippets
    .join('\n')
    .replace("'ws://localhost:8080/c/lobby'", JSON.stringify(address))
    .replace("'itty-sockets'", JSON.stringify(client))
  expect(code).toContain(address)
  return run(folder, code)
}

function run(folder: string, code: string) {
  const script = join(folder, 'page.ts')
  writeFileSync(script, code)
  const child = Bun.spawn([process.execPath, script], { stdout: 'pipe', stderr: 'inherit' })
  let heard = ''
  const reading = (async () => {
    const decoder = new TextDecoder()
    for await (const chunk of child.stdout) heard += decoder.decode(chunk, { stream: true })
  })()
  reading.catch(() => {})
  return { output: () => heard, end: () => child.kill() }
}
