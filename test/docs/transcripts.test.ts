/** Commands that pages show with their output are run, and print that. */
import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { run } from '../cli/process.ts'
import { Client } from '../support/client.ts'
import { type TestServer, startTestServer } from '../support/server.ts'
import { type Transcript, differences, substituted, transcriptsOf } from './transcripts.ts'
import { pages, readme } from './texts.ts'

let server: TestServer
beforeEach(async () => {
  server = await startTestServer()
})
afterEach(() => server.end())

/** Output that depends on the machine. The tests of these commands check their columns. */
const OF_ONE_MACHINE = [
  'latchkey audit list',
  'latchkey backup create',
  'latchkey channels list',
  'latchkey config check',
  'latchkey connections list',
  'latchkey dev',
  'latchkey doctor http://localhost:8080',
  'latchkey serve',
  'latchkey stats --unit',
]
/** Of testing.md: the answer is shortened there. */
const SHORTENED = 'curl -X POST'

const CI_CAPABILITY = '{"general":["subscribe"],"public:*":["subscribe"]}'

/** Commands that the page has run before. */
const BEFORE: Readonly<Record<string, readonly (readonly string[])[]>> = {
  'latchkey tokens issue': [
    ['keys', 'add', '--name', 'ci', '--revocable-tokens', '--capability', CI_CAPABILITY],
  ],
  'latchkey channels explain': [['reservations', 'add', 'acme', '--send-key', 's3nd']],
  'latchkey accounts add': [
    ['reservations', 'add', 'acme'],
    ['reservations', 'add', 'other'],
  ],
}

async function perform(words: readonly string[]): Promise<string[]> {
  if (words[0] === 'curl') return [await request(words)]
  expect(words[0]).toBe('latchkey')
  const { code, out, err } = await run([...words.slice(1), '--data', server.folder])
  expect([words.join(' '), code, err]).toEqual([words.join(' '), 0, ''])
  return out.trimEnd().split('\n')
}

/** What curl would answer. */
async function request(words: readonly string[]): Promise<string> {
  const after = (flag: string) => words[words.indexOf(flag) + 1]!
  const url = words.find((word) => word.startsWith('http'))!
  const [name, value] = after('-H').split(': ')
  const answer = await fetch(url.replace('http://localhost:8080', server.url), {
    method: after('-X'),
    headers: { [name!]: value! },
    body: after('-d'),
  })
  expect(answer.status).toBe(200)
  return answer.text()
}

const nameOf = ({ where }: Transcript) => where.replace(/^.*: /, '')
const all = [readme, ...pages].flatMap(transcriptsOf)
const tried = all.filter(
  (one) => !OF_ONE_MACHINE.includes(nameOf(one)) && nameOf(one) !== SHORTENED,
)

test('most transcripts are run', () => {
  expect(tried.length).toBeGreaterThanOrEqual(9)
  const names = new Set(all.map(nameOf))
  expect(OF_ONE_MACHINE.filter((name) => !names.has(name))).toEqual([])
})

describe.each(tried.map((one) => [one.where, one] as const))('%s', (_, transcript) => {
  test('prints what is shown', async () => {
    for (const words of BEFORE[nameOf(transcript)] ?? [])
      expect((await run([...words, '--data', server.folder])).code).toBe(0)
    // That page has a subscriber already.
    if (transcript.where.startsWith('src/docs/push.md'))
      await Client.join(`${server.sockets}acme/alerts`)
    const known = new Map<string, string>()
    for (const { words, shown } of transcript.steps) {
      const printed = await perform(words.map((word) => substituted(word, known)))
      const faults = differences(shown, printed, known)
      expect([words.join(' '), ...faults]).toEqual([words.join(' ')])
    }
  })
})
