/** Requests, code and capabilities that pages show are sent, run and checked. */
import { afterAll, beforeAll, expect, test } from 'bun:test'
import { commands } from '../../src/cli/cli.ts'
import { CapabilityChecker } from '../../src/policy/capability/checker.ts'
import { readCapability } from '../../src/policy/capability/capability.ts'
import { OPERATIONS, operationBit } from '../../src/policy/capability/operations.ts'
import { runJson } from '../cli/process.ts'
import { type TestServer, startTestServer } from '../support/server.ts'
import { readText, readme } from './texts.ts'

let server: TestServer
beforeAll(async () => {
  server = await startTestServer()
})
afterAll(() => server.end())

const textOf = (name: string) => readText(`src/docs/${name}.md`).text
const blocksOf = (text: string, language: string) =>
  Array.from(
    text.matchAll(new RegExp(`^\`\`\`${language}\\n([^]*?)^\`\`\`$`, 'gm')),
    ([, code]) => code!,
  )

/** Cells of the first column of the table that has this head, each without what stands around its code spans. */
function firstColumn(text: string, head: string): string[] {
  const table = text.split(/\n\n/).find((part) => part.startsWith(`| ${head} `))!
  const cells = table
    .split('\n')
    .slice(2)
    .map((row) => row.split('|')[1]!)
  return cells.flatMap((cell) => [...cell.matchAll(/`([^`]+)`/g)].map(([, span]) => span!))
}

test('requests to the HTTP API are answered', async () => {
  const { token } = await runJson<{ token: string }>([
    'access-tokens',
    'add',
    '--data',
    server.folder,
  ])
  const examples = blocksOf(textOf('api'), 'sh').find((code) => code.includes('$api/me'))!
  const requests = examples.split('\n').filter((line) => line.startsWith('curl'))
  expect(requests.length).toBeGreaterThan(8)
  const made: Record<string, string> = {}
  for (const line of requests) {
    const [, path] = /\$api(\/[^\s"]+)/.exec(line)!
    const body = / -d '([^']*)'/.exec(line)?.[1]
    const method = / -X (\w+)/.exec(line)?.[1] ?? (body === undefined ? 'GET' : 'POST')
    const real = path!.replace('n8hzvzpxd8ee', made['news']!).replace('LfMvDl', made['shop']!)
    const answer = await fetch(`${server.url}/v1${real}`, {
      method,
      headers: { authorization: `Bearer ${token}` },
      ...(body !== undefined && { body }),
    })
    expect([line, answer.status < 300]).toEqual([line, true])
    const text = await answer.text()
    const value = (text === '' ? {} : JSON.parse(text)) as Record<string, unknown>
    const name = value['namespace'] ?? value['name']
    if (typeof name === 'string' && typeof value['id'] === 'string') made[name] ??= value['id']
    if (name === 'news' && method === 'POST') expectMembers(value)
  }
})

/** The reservation that the page shows has the members that one has. */
function expectMembers(value: Record<string, unknown>): void {
  const shown = blocksOf(textOf('api'), 'json').find((code) => code.includes('"namespace"'))!
  const { warnings: _, ...members } = value
  expect(Object.keys(JSON.parse(shown) as object)).toEqual(Object.keys(members))
}

test('every privilege is explained, and there are no others', () => {
  const named = firstColumn(textOf('apps'), 'Privilege')
  expect(named.filter((name) => operationBit(name) === undefined)).toEqual([])
  const explained = new Set(named)
  expect(OPERATIONS.filter((name) => !explained.has(name))).toEqual([])
})

test('capabilities match the channels that the page says', () => {
  const rows = textOf('apps')
    .split('\n')
    .filter((row) => /^\| `[^`]+` +\| .*(`|channel|Everything)/.test(row))
  const found = rows
    .flatMap((row) => {
      const [, pattern, matches] = row.split('|')
      const name = /`([^`]+)`/.exec(pattern!)![1]!
      const [yes, no = ''] = matches!.split('; not')
      const spans = (text: string) => [...text.matchAll(/`([a-z:\d]+)`/g)].map(([, span]) => span!)
      return [
        spans(yes!).map((one) => [name, one, true] as const),
        spans(no).map((one) => [name, one, false] as const),
      ].flat()
    })
    .filter(([name]) => /^[a-z:*]+$/.test(name))
  expect(found.length).toBeGreaterThanOrEqual(4)
  for (const [pattern, channel, permitted] of found) {
    const read = readCapability({ [pattern]: ['publish'] })
    if (!read.ok) throw new Error(read.failure.message)
    const checker = new CapabilityChecker(read.value)
    expect([pattern, channel, checker.permits(channel, 'publish')]).toEqual([
      pattern,
      channel,
      permitted,
    ])
  }
})

test('every option of a channel rule is explained', () => {
  const named = new Set(firstColumn(textOf('apps'), 'Option').map((span) => span.slice(2)))
  const options = commands.find(({ name }) => name === 'rules add')!.options.map(({ name }) => name)
  expect(options.filter((name) => name !== 'app' && !named.has(name))).toEqual([])
})

test('the code that reconnects is that of the README', () => {
  const reconnect = (text: string) =>
    blocksOf(text, 'js').find((code) => code.includes('channel.open'))
  expect(reconnect(textOf('clients'))).toBe(reconnect(readme.text))
})

test('server-sent events arrive as the page shows', async () => {
  const { key } = await runJson<{ key: string }>(['keys', 'add', '--data', server.folder])
  const line = blocksOf(textOf('ably'), 'sh').find((code) => code.includes('/sse'))!
  const shown = /'(http[^']*)'/.exec(line)![1]!
  const url = shown.replace('http://localhost:8080', server.url).replace(/key=.*$/, `key=${key}`)
  const answer = await fetch(url)
  expect(answer.headers.get('content-type')).toStartWith('text/event-stream')
  await answer.body?.cancel()
})
