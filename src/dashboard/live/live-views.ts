/** The views that open pages subscribe to: each opens with its first reader and ends with the last, or with the session. */
import { accountFilter } from '../../api/access.ts'
import type { Clock } from '../../core/clock.ts'
import { fail, failure, ok } from '../../failure.ts'
import type { Opening, Visit } from '../../protocol/protocol.ts'
import type { ChannelInspector } from '../../service/live/channel-inspector.ts'
import type { LiveService } from '../../service/live/live.ts'
import type { SessionService, SignedIn } from '../../service/accounts/sessions.ts'
import { visibleChannel, withQuery } from '../pages/live/addresses.ts'
import { LOG_PATH, PART_PATHS } from '../pages/live/paths.ts'
import { sessionSecret } from '../request.ts'
import { LogView } from './log-view.ts'
import type { PageChannels } from './page-channels.ts'
import { PartView } from './part-view.ts'
import type { PublishUpdate, LiveView } from './view.ts'
import { type ViewName, readViewName } from './view-name.ts'

export interface LiveViewParts {
  readonly clock: Clock
  readonly channels: PageChannels
  readonly sessions: SessionService
  readonly inspector: ChannelInspector
  readonly live: LiveService
  /** Renders the page that a browser would get for this path. @returns undefined where the answer is no page */
  readonly draw: (visit: Visit, path: string) => Promise<string | undefined>
}

/** How often views are refreshed, and how soon an ended session is noticed. */
const BEAT_MS = 1000
/** Most views of all readers together; each is a part of an open page. */
const MAX_VIEWS = 2000

export class LiveViews {
  readonly #parts: LiveViewParts
  readonly #views = new Map<string, LiveView>()
  /** The last upgrade request of each session, by its id. */
  readonly #visits = new Map<string, Visit>()
  #timer: Timer | undefined

  constructor(parts: LiveViewParts) {
    this.#parts = parts
    parts.channels.watch((channel, readers) => this.#count(channel, readers))
  }

  /** Opens a connection for a page whose reader is signed in. Others get an error in the form of the protocol. */
  connect(visit: Visit): Opening {
    const { channels } = this.#parts
    const signedIn = this.#signedIn(visit)
    if (!signedIn) return channels.open(visit, fail('sign_in_needed'))
    const { id } = signedIn.session
    this.#visits.set(id, lasting(visit))
    this.#timer ??= setInterval(() => this.#beat(), BEAT_MS)
    return channels.open(visit, ok(id))
  }

  stop(): void {
    clearInterval(this.#timer)
    this.#timer = undefined
    for (const view of this.#views.values()) view.end()
    this.#views.clear()
  }

  #count(channel: string, readers: number): void {
    const known = this.#views.get(channel)
    if (readers === 0) {
      known?.end()
      this.#views.delete(channel)
      return
    }
    const view = known ?? this.#open(channel)
    view?.joined()
    view?.look()
  }

  #open(channel: string): LiveView | undefined {
    const { channels } = this.#parts
    const name = readViewName(channel)
    const view = name && this.#views.size < MAX_VIEWS && this.#make(channel, name)
    if (!view) {
      channels.publish(channel, { over: true })
      return undefined
    }
    this.#views.set(channel, view)
    return view
  }

  #make(channel: string, { session, path, query }: ViewName): LiveView | undefined {
    const { channels, clock, draw } = this.#parts
    const publish: PublishUpdate = (update) => channels.publish(channel, update)
    if (path === LOG_PATH) return this.#makeLog(session, query, publish)
    if (!PART_PATHS.has(path)) return undefined
    const whole = withQuery(path, query)
    return new PartView(
      async () => {
        const visit = this.#visits.get(session)
        return visit && draw(visit, whole)
      },
      publish,
      clock,
    )
  }

  #makeLog(session: string, query: ViewName['query'], publish: PublishUpdate) {
    const { inspector, live } = this.#parts
    const { app = '', name = '', since } = query
    const channelOf = () => {
      const signedIn = this.#signedInOf(session)
      return signedIn && visibleChannel(live, accountFilter(signedIn), name, app)
    }
    const found = channelOf()
    if (!found) return undefined
    const isPermitted = () => channelOf() !== undefined
    return new LogView({ inspector, ref: found.ref, since, isPermitted, publish })
  }

  #beat(): void {
    const { channels } = this.#parts
    for (const session of this.#visits.keys()) {
      if (channels.isConnected(session) && this.#signedInOf(session)) continue
      this.#visits.delete(session)
      channels.expel(session, failure('sign_in_needed'))
    }
    for (const view of this.#views.values()) view.look()
    if (this.#visits.size > 0) return
    clearInterval(this.#timer)
    this.#timer = undefined
  }

  #signedInOf(session: string): SignedIn | undefined {
    const visit = this.#visits.get(session)
    return visit && this.#signedIn(visit)
  }

  #signedIn(visit: Visit): SignedIn | undefined {
    const secret = sessionSecret(visit)
    return secret === undefined ? undefined : this.#parts.sessions.find(secret, visit.address)
  }
}

/** A copy of a visit: the request of an upgrade cannot be read any more once the socket is open. */
function lasting({ address, base, path, query, request, secure }: Visit): Visit {
  const kept = new Request('http://localhost', { headers: request.headers })
  const body = () => Promise.resolve(ok(new Uint8Array()))
  const attempts = { mayAttempt: () => true, failedAttempt: () => true }
  const rest = { secure, body, keepOpen: () => () => undefined, ...attempts }
  return { address, base, path, query, request: kept, ...rest }
}
