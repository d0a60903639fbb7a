/** Output of a start, files of the data folder and excerpts of deployment files are as the pages show them. */
import { expect, test } from 'bun:test'
import { readdirSync } from 'node:fs'
import { ServerProcess, runJson } from '../cli/process.ts'
import { eventually } from '../support/client.ts'
import { MAIN, temporaryFolder } from '../support/server.ts'
import { differences } from './transcripts.ts'
import { pages, readText, readme } from './texts.ts'

/** The lines of the block that shows a start, without the command. */
function shownStart(text: string): string[] {
  const block = /^```text\n(?:\$ [^\n]*\n)?(Latchkey [^]*?)^```$/m.exec(text)![1]!
  return block.trimEnd().replaceAll('…', '...').split('\n')
}

interface Started {
  readonly lines: readonly string[]
  readonly files: readonly string[]
}

/** Starts a server at a terminal, as a person would, and reads what is printed until it stops. */
async function startAtTerminal(command: string, folder: string): Promise<Started> {
  const data = command === 'dev' ? '' : ` --data ${folder}`
  const line = `exec ${process.execPath} ${MAIN} ${command} --port 0 --log-level fatal${data}`
  const child = Bun.spawn(['script', '-qec', line, '/dev/null'], {
    env: { PATH: process.env['PATH'] ?? '', TERM: 'dumb' },
    stdin: 'pipe',
    stdout: 'pipe',
    stderr: 'inherit',
  })
  let out = ''
  const reading = (async () => {
    const decoder = new TextDecoder()
    for await (const chunk of child.stdout) out += decoder.decode(chunk, { stream: true })
  })()
  try {
    const last = command === 'dev' ? /keys of its own\r?\n/ : /token=\S+\r?\n/
    await eventually(() => last.test(out), 'it has said all')
    const lines = out.trimEnd().split(/\r?\n/)
    return { lines, files: readdirSync(folder) }
  } finally {
    // Ctrl-C, as a person would stop it.
    void child.stdin.write('\x03')
    await child.exited
    await reading
  }
}

const hasTerminals = Bun.which('script') !== null
if (!hasTerminals) console.log('skipped: script is needed to make a terminal')

test.skipIf(!hasTerminals)('the first start prints what the README and the page say', async () => {
  for (const { name, text } of [readme, readText('src/docs/cli.md')]) {
    const folder = temporaryFolder()
    try {
      const { lines } = await startAtTerminal('serve', folder.path)
      expect([name, ...differences(shownStart(text), lines, new Map())]).toEqual([name])
    } finally {
      folder.remove()
    }
  }
})

test.skipIf(!hasTerminals)('a server for development prints what the page says', async () => {
  const folder = temporaryFolder()
  try {
    const { lines } = await startAtTerminal('dev', folder.path)
    const shown = shownStart(readText('src/docs/testing.md').text)
    const end = shown.slice(shown.findIndex((line) => line.trim() === '...') + 1)
    const faults = differences(end, lines.slice(-end.length), new Map())
    expect(faults).toEqual([])
  } finally {
    folder.remove()
  }
})

test('every file of a data folder is in its README', async () => {
  const note = readText('data/README.md').text
  const named = new Set([...note.matchAll(/`([\w.-]+)`/g)].map(([, name]) => name!))
  const folder = temporaryFolder()
  const server = await ServerProcess.start(['--data', folder.path])
  try {
    const { key } = await runJson<{ key: string }>(['keys', 'add', '--data', folder.path])
    const headers = { authorization: `Basic ${btoa(key)}`, 'content-type': 'application/json' }
    const url = `${server.url}/channels/lobby/messages`
    expect((await fetch(url, { method: 'POST', headers, body: '{"data":"x"}' })).status).toBe(201)
    const running = readdirSync(folder.path)
    server.signal('SIGTERM')
    expect(await server.exited()).toBe(0)
    const files = new Set([...running, ...readdirSync(folder.path)])
    const bare = Array.from(files, (name) => name.replace(/-(wal|shm)$/, ''))
    expect(bare.filter((name) => !named.has(name))).toEqual([])
    for (const name of ['control.sock', 'history.db', 'master.key', 'running.state'])
      expect(bare).toContain(name)
  } finally {
    await server.end()
    folder.remove()
  }
})

test('excerpts of deployment files match the files, line by line', () => {
  const blocks = [...readme.text.matchAll(/^```(nginx|caddyfile)\n([^]*?)^```$/gm)]
  expect(blocks.map(([, language]) => language)).toEqual(['nginx', 'caddyfile'])
  for (const [, language, block] of blocks) {
    const file = readText(`src/deploy/${language === 'nginx' ? 'nginx.conf' : 'Caddyfile'}`)
    const lines = new Set(file.text.split('\n').map((line) => line.trim()))
    const missing = block!.split('\n').filter((line) => line !== '' && !lines.has(line.trim()))
    expect([file.name, ...missing]).toEqual([file.name])
    // The nginx lines are contiguous.
    if (language === 'nginx')
      expect(file.text).toContain(block!.trimEnd().replaceAll(/^/gm, '    '))
  }
  expect(pages.length).toBeGreaterThan(10)
})
