/**
 * A process that may open 256 files is flooded, by connections that ask for nothing and by clients: those who were
 * there go on talking, the log tells once, and when the flood is over everybody gets in again.
 */
import { afterEach, beforeEach, expect, test } from 'bun:test'
import { type Socket, connect } from 'node:net'
import { AblyApp } from '../support/ably-app.ts'
import { Clients } from '../support/ably.ts'
import { Client, eventually } from '../support/client.ts'
import { metric } from '../support/itty.ts'
import { RestartableServer } from '../support/restartable.ts'

const MAX_FILES = 256
const FLOOD = 400
/** What asks for nothing has some 12 seconds for the head of its request. */
const OVER_MS = 40_000

let server: RestartableServer
let app: AblyApp
let clients: Clients
const sockets: Socket[] = []

beforeEach(async () => {
  const unbounded = ['--connection-rate', '0', '--max-address-connections', '0']
  server = await RestartableServer.startIn({ maxFiles: MAX_FILES }, '--sandbox', ...unbounded)
  app = await AblyApp.make(server.url, [], [{ id: 'kept', persisted: true }])
  clients = new Clients(() => app)
})
afterEach(async () => {
  clients.end()
  for (const socket of sockets.splice(0)) socket.destroy()
  await server.end()
})

const told = (text: string) => server.logs.filter(({ message }) => message === text).length
const FULL = 'too many files are open: connections are refused'
const OVER = 'there are open files for connections again'

/** People who echo until they are stopped; none of them may lose a word. */
class Talk {
  readonly #people: readonly { say(word: string): Promise<unknown> }[]
  #isOver = false
  echoes = 0
  worstMs = 0
  readonly #done: Promise<unknown>

  constructor(people: readonly { say(word: string): Promise<unknown> }[]) {
    this.#people = people
    this.#done = Promise.all(this.#people.map((person) => this.#talk(person)))
  }

  async #talk({ say }: { say(word: string): Promise<unknown> }): Promise<void> {
    for (let n = 0; !this.#isOver; n++) {
      const from = performance.now()
      await say(`word-${n}`)
      this.worstMs = Math.max(this.worstMs, performance.now() - from)
      this.echoes++
      await Bun.sleep(20)
    }
  }

  async end(): Promise<string> {
    this.#isOver = true
    await this.#done
    return `${this.echoes} echoes, the worst after ${this.worstMs.toFixed(0)} ms`
  }
}

async function talk(): Promise<Talk> {
  const lobby = `ws://127.0.0.1:${server.port}/c/lobby`
  const [ann, bob] = [await Client.join(lobby), await Client.join(lobby)]
  const realtime = await clients.connected()
  const channel = realtime.channels.get('kept:room')
  await channel.attach()
  return new Talk([
    {
      say: (word) => {
        ann.sendJson(word)
        return bob.message(word)
      },
    },
    // Acknowledged when it is on the disk.
    { say: (word) => channel.publish('n', word) },
  ])
}

test('by connections that ask for nothing', async () => {
  const people = await talk()
  let ended = 0
  for (let n = 0; n < FLOOD; n++) {
    const socket = connect(server.port, '127.0.0.1')
    socket.on('error', () => {})
    socket.on('close', () => ended++)
    sockets.push(socket)
  }
  await eventually(() => told(FULL) === 1, 'it is told')
  const from = performance.now()
  await eventually(() => ended === FLOOD, 'all are let go', OVER_MS)
  const over = ((performance.now() - from) / 1000).toFixed(1)
  await eventually(() => told(OVER) === 1, 'it is over')
  expect((await fetch(`${server.url}/ready`)).status).toBe(200)
  await (await Client.join(`ws://127.0.0.1:${server.port}/c/lobby`)).close()
  console.log(
    `${FLOOD} silent connections at ${MAX_FILES} files, let go after ${over} s: ${await people.end()}`,
  )
  expect(told(FULL)).toBe(1)
}, 60_000)

test('by clients', async () => {
  const people = await talk()
  const room = `ws://127.0.0.1:${server.port}/c/room`
  const got: Client[] = []
  let refused = 0
  for (let n = 0; n < FLOOD; n++) {
    const client = new Client(room)
    await client.opened.then(
      () => got.push(client),
      () => refused++,
    )
  }
  expect(refused).toBeGreaterThan(FLOOD - MAX_FILES)
  expect(got.filter(({ closed }) => closed !== undefined)).toEqual([])
  expect(await metric(server, 'latchkey_refusals_total{reason="server_full"}')).toBe(refused)
  await eventually(() => told(FULL) === 1, 'it is told')
  for (const client of got) client.close()
  await eventually(() => told(OVER) === 1, 'it is over')
  await (await Client.join(room)).close()
  console.log(
    `${FLOOD} clients at ${MAX_FILES} files, ${got.length} got in and ${refused} were refused: ${await people.end()}`,
  )
  expect(told(FULL)).toBe(1)
}, 60_000)
