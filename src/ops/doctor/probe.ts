/** What the checks of one public address share: where it is, how to get there, and who was met on the way. */
import type { Config } from '../../config.ts'
import { type ProxyName, recognise } from './proxy.ts'
import { type Remedy, remedyLines } from './proxy-configuration.ts'
import { type Reply, ask } from './reply.ts'
import type { Target } from './target.ts'
import { type Dial, type Attempt, type RawConnection, dial } from './raw-connection.ts'

export interface ProbeParts {
  readonly config: Config
  readonly target: Target
  readonly timeoutMs: number
  readonly authorities: string | undefined
}

export interface Conversation {
  readonly connection: RawConnection
  readonly reply: Reply
}

export class Probe {
  readonly config: Config
  readonly target: Target
  readonly timeoutMs: number
  readonly authorities: string | undefined
  /** The address that answered the first connection. */
  address: string | undefined
  /** The `Date` header of the first reply, and when it arrived here. */
  date: { readonly header: string; readonly at: number } | undefined
  readonly #proxies = new Set<ProxyName>()

  constructor({ config, target, timeoutMs, authorities }: ProbeParts) {
    this.config = config
    this.target = target
    this.timeoutMs = timeoutMs
    this.authorities = authorities
  }

  /** Proxies met so far, outermost first. */
  get proxies(): readonly ProxyName[] {
    return [...this.#proxies]
  }

  dial(more: Partial<Dial> = {}): Promise<Attempt<RawConnection>> {
    const { target, address, timeoutMs, authorities } = this
    return dial({ target, address, timeoutMs, authorities, ...more })
  }

  /** Asks for a path on a fresh connection and leaves it open; the caller ends the connection. */
  async open(path: string, headers: readonly string[]): Promise<Attempt<Conversation>> {
    const dialled = await this.dial()
    if (!dialled.ok) return dialled
    const connection = dialled.value
    const reply = await ask(connection, { target: this.target, path, headers }, this.timeoutMs)
    if (!reply.ok) {
      connection.end()
      return reply
    }
    for (const proxy of recognise(reply.value)) this.#proxies.add(proxy)
    return { ok: true, value: { connection, reply: reply.value } }
  }

  /**
   * Sends a broken header line. Proxies that leave our replies as they are answer this one themselves,
   * and so tell their name.
   */
  async provoke(): Promise<void> {
    const opened = await this.open('/', ['a header line without a colon', 'Connection: close'])
    if (opened.ok) opened.value.connection.end()
  }

  /** Asks for a path and hangs up. */
  async get(path: string): Promise<Attempt<Reply>> {
    const opened = await this.open(path, ['Connection: close'])
    if (!opened.ok) return opened
    opened.value.connection.end()
    return { ok: true, value: opened.value.reply }
  }

  /** The lines to change in the proxies that were met; general words when none was recognised. */
  lines(remedy: Remedy): string[] {
    return remedyLines(this.proxies, remedy, this.config, this.target)
  }
}
