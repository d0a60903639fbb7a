/**
 * Those whom an attack on somebody else must not harm: a pair of clients of itty-sockets, and a client of another
 * app. They echo all the time, and afterwards ask for everything that was acknowledged to them.
 */
import Ably from 'ably'
import { connect } from 'itty-sockets'
import { AblySocket, type Frame } from './ably-socket.ts'
import { basic } from './attacker.ts'
import { Echo, type Took } from './echo.ts'
import type { Subject } from './subject.ts'

const EVERY_MS = 10
const PLACE = 'neighbours'
const KEPT = 'kept:neighbours'
/** Persisted before the attack begins. */
const KEPT_MESSAGES = 20
const WITHIN_MS = 10_000
const RESUMED = 1 << 2
const PAGE = 1000

export interface Findings {
  /** The worst echo, of what was answered and of what was still waited for. */
  readonly itty: Took
  readonly ably: Took
  /** For how long this process itself stood still at the most: the figures mean no more than that. */
  readonly ownPause: number
  /** What an attacker has taken away from its neighbours, in words. */
  readonly harms: readonly string[]
}

export class Bystanders {
  readonly #port: number
  readonly #key: string
  readonly #client: Ably.Realtime
  readonly #itty: Echo
  readonly #ably: Echo
  readonly #sockets: readonly { close(): unknown }[]
  readonly #timers: Timer[] = []
  readonly #acknowledged: string[] = []
  #firstSerial = ''
  #ownPause = 0

  private constructor(subject: Subject, key: string) {
    const { port } = subject
    const work = () => subject.workMs()
    this.#port = port
    this.#key = key
    this.#client = new Ably.Realtime({ ...this.#address(), key, transports: ['web_socket'] })
    const place = this.#client.channels.get(PLACE)
    this.#ably = new Echo((number) => {
      const word = String(number)
      void place.publish('echo', word).then(
        () => this.#acknowledged.push(word),
        () => undefined,
      )
    }, work)
    const [speaker, listener] = [0, 1].map(() => connect(`ws://127.0.0.1:${port}/c/${PLACE}`))
    this.#itty = new Echo((number) => void speaker!.send(number), work)
    listener!.on('message', ({ message }: { message: unknown }) =>
      this.#itty.heard(Number(message)),
    )
    this.#sockets = [speaker!, listener!]
  }

  /** Connected, and each has heard an echo. */
  static async meet(subject: Subject, key: string): Promise<Bystanders> {
    const all = new Bystanders(subject, key)
    await all.#client.channels.get(PLACE).subscribe(({ data }) => all.#ably.heard(Number(data)))
    const kept = all.#client.channels.get(KEPT)
    for (let i = 0; i < KEPT_MESSAGES; i++) await kept.publish('kept', `kept-${i}`)
    all.#echo()
    const deadline = performance.now() + WITHIN_MS
    while (!(all.#itty.hasHeard && all.#ably.hasHeard)) {
      if (performance.now() > deadline) throw new Error('the bystanders do not hear each other')
      await Bun.sleep(EVERY_MS)
    }
    const attached = await all.#attach()
    all.#firstSerial = attached.channelSerial ?? ''
    return all
  }

  /** From here on it counts. */
  start(): void {
    this.#itty.start()
    this.#ably.start()
    this.#ownPause = 0
  }

  /** Ends the echo and looks for what is missing. */
  async findings(): Promise<Findings> {
    const worst = { itty: this.#itty.worst(), ably: this.#ably.worst() }
    const ownPause = this.#ownPause
    for (const timer of this.#timers) clearInterval(timer)
    await this.#settle()
    const harms = [
      ...this.#itty.lost('itty messages'),
      ...this.#ably.lost('messages of the other app'),
      ...(await this.#missing(PLACE, this.#acknowledged, 'messages in memory')),
      ...(await this.#missing(KEPT, keptWords(), 'messages on disk')),
      ...(await this.#newcomers()),
      ...(await this.#resume()),
    ]
    return { ...worst, ownPause, harms }
  }

  leave(): void {
    for (const timer of this.#timers) clearInterval(timer)
    for (const socket of this.#sockets) socket.close()
    this.#client.close()
  }

  #address() {
    return { endpoint: '127.0.0.1', port: this.#port, tls: false, logLevel: 0 }
  }

  #echo(): void {
    let last = performance.now()
    const tick = () => {
      const now = performance.now()
      this.#ownPause = Math.max(this.#ownPause, now - last - EVERY_MS)
      last = now
      this.#itty.say()
      this.#ably.say()
    }
    this.#timers.push(setInterval(tick, EVERY_MS))
  }

  /** Gives what was said a while to arrive. */
  async #settle(): Promise<void> {
    const deadline = performance.now() + WITHIN_MS
    while (performance.now() < deadline && this.#itty.open + this.#ably.open > 0)
      await Bun.sleep(EVERY_MS)
  }

  async #missing(channel: string, words: readonly string[], what: string): Promise<string[]> {
    const found = new Set<string>()
    let query: string | undefined = `limit=${PAGE}`
    while (query !== undefined) {
      const path = `/channels/${encodeURIComponent(channel)}/messages?${query}`
      const response: Response | undefined = await this.#ask(path)
      if (response?.status !== 200) return [`history answers ${response?.status ?? 'nothing'}`]
      for (const { data } of (await response.json()) as { data: string }[]) found.add(data)
      query = /<\.\/messages\?([^>]+)>; rel="next"/.exec(response.headers.get('link') ?? '')?.[1]
    }
    const missing = words.filter((word) => !found.has(word)).length
    return missing === 0 ? [] : [`${missing} of ${words.length} ${what} gone`]
  }

  #ask(path: string, body?: unknown): Promise<Response | undefined> {
    const headers = { authorization: basic(this.#key), 'content-type': 'application/json' }
    const init = body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }
    const signal = AbortSignal.timeout(WITHIN_MS)
    const url = `http://127.0.0.1:${this.#port}${path}`
    return fetch(url, { headers, signal, ...init }).catch(() => undefined)
  }

  /** Somebody else can come, and use a channel that was not there before. */
  async #newcomers(): Promise<string[]> {
    const harms: string[] = []
    const published = await this.#ask('/channels/fresh/messages', { data: 'fresh' })
    if (published?.status !== 201) harms.push(`a new channel: ${published?.status ?? 'no answer'}`)
    const socket = connect(`ws://127.0.0.1:${this.#port}/c/fresh`)
    const isIn = Promise.withResolvers<boolean>()
    socket.on('open', () => isIn.resolve(true)).on('close', () => isIn.resolve(false))
    const timer = setTimeout(() => isIn.resolve(false), WITHIN_MS)
    if (!(await isIn.promise)) harms.push('nobody can join')
    clearTimeout(timer)
    socket.close()
    return harms
  }

  /** Somebody who went away when it began comes back and misses nothing. */
  async #resume(): Promise<string[]> {
    try {
      const { flags = 0 } = await this.#attach({ channelSerial: this.#firstSerial })
      return (flags & RESUMED) !== 0 ? [] : ['a resume is cut']
    } catch {
      return ['nobody can connect']
    }
  }

  /** As somebody new. */
  async #attach(more: Readonly<Record<string, unknown>> = {}): Promise<Frame> {
    const query = `v=6&format=json&key=${encodeURIComponent(this.#key)}`
    const socket = new AblySocket(new WebSocket(`ws://127.0.0.1:${this.#port}/?${query}`))
    try {
      await socket.nextOf(AblySocket.CONNECTED)
      return await socket.attach(PLACE, more)
    } finally {
      socket.close()
    }
  }
}

function keptWords(): string[] {
  return Array.from({ length: KEPT_MESSAGES }, (_, i) => `kept-${i}`)
}
