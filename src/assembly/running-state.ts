/** Saves connections and channels when the server stops and restores them at the next start, so that clients resume. */
import type { Channels } from './channels.ts'
import type { Clock } from '../core/clock.ts'
import type { ChannelSnapshot } from '../core/channel/channel-snapshot.ts'
import { restoreSnapshot, takeSnapshot } from '../core/channel/snapshot.ts'
import type { Keyring } from '../identity/keyring.ts'
import type { Logger } from '../ops/logs.ts'
import type { ConnectionSnapshot } from '../protocol/ably/realtime/connection/snapshot.ts'
import { type Connections, STATE_TTL_MS } from '../protocol/ably/realtime/connection/connections.ts'
import { type SavedState, readState, removeState, writeState } from '../store/state-file.ts'

/** Raise it whenever the shape of a snapshot changes, or of anything in it: messages, presence, answers. */
const VERSION = 1

interface State {
  readonly channels: readonly ChannelSnapshot[]
  readonly connections: readonly ConnectionSnapshot[]
}

export interface RunningStateParts {
  /** Undefined for a server that keeps everything in memory: it saves and restores nothing. */
  readonly folder: string | undefined
  readonly keyring: Keyring
  readonly channels: Pick<Channels, 'registry' | 'histories' | 'presence' | 'time'>
  readonly connections: Connections
  /** Whether there still is such an app. */
  readonly isApp: (appId: string) => boolean
  readonly clock: Clock
  readonly log: Pick<Logger, 'info' | 'warning' | 'error'>
  readonly onBug: (error: unknown) => void
}

export class RunningState {
  readonly #parts: RunningStateParts

  constructor(parts: RunningStateParts) {
    this.#parts = parts
  }

  /** Call when nothing can change any more: whatever is acknowledged afterwards is lost. */
  save(): void {
    const { clock, connections, folder, keyring, log } = this.#parts
    if (folder === undefined) return
    const state = this.#ofApps({
      channels: this.#channels(),
      connections: connections.snapshots(),
    })
    if (state.channels.length === 0 && state.connections.length === 0) return
    try {
      writeState(folder, keyring, { at: clock.now(), version: VERSION, state })
      log.info('kept what clients go on from', sizes(state))
    } catch (error) {
      log.error('what clients go on from cannot be kept', { error: (error as Error).message })
    }
  }

  /** Call before the server listens. A file that cannot be used is logged and ignored: the start goes on. */
  restore(): void {
    const state = this.#find()
    if (!state) return
    try {
      this.#putBack(state)
    } catch (error) {
      // Clients that cannot resume are better off than clients of a server that does not start.
      this.#parts.onBug(error)
    }
  }

  /** Call once clients can connect: from now on the file no longer has the state that they resume from. */
  discard(): void {
    const { folder } = this.#parts
    if (folder !== undefined) removeState(folder)
  }

  #putBack(state: State): void {
    const { clock, connections, channels, log } = this.#parts
    const wanted = this.#ofApps(state)
    connections.restore(wanted.connections)
    const { histories, registry, time } = channels
    restoreSnapshot({ clock, histories, registry, time }, wanted.channels)
    channels.presence.adopt()
    log.info('clients can go on where they were', sizes(wanted))
  }

  /** Leaves out apps that are gone, and the dashboard's pages, which connect anew. */
  #ofApps({ channels, connections }: State): State {
    const { isApp } = this.#parts
    return {
      channels: channels.filter(({ realm }) => isApp(realm)),
      connections: connections.filter(({ appId }) => isApp(appId)),
    }
  }

  #channels(): ChannelSnapshot[] {
    const { registry } = this.#parts.channels
    // Clients of itty-sockets come back under a new id, so their members go. Members from fixtures have no connection and stay.
    return takeSnapshot(registry, ({ guest }) => guest === undefined)
  }

  #find(): State | undefined {
    const { clock, folder, keyring, log } = this.#parts
    if (folder === undefined) return undefined
    const found = readState(folder, keyring)
    if (found === 'none') return undefined
    const fault = found === 'unreadable' ? 'it cannot be read' : faultOf(found, clock.now())
    if (found !== 'unreadable' && fault === undefined) return found.state as State
    log.warning('clients cannot go on where they were', { because: fault })
    return undefined
  }
}

function faultOf({ at, version }: SavedState, now: number): string | undefined {
  if (version !== VERSION) return 'it was kept by another version of the program'
  return now - at > STATE_TTL_MS ? 'the server was away for too long' : undefined
}

function sizes({ channels, connections }: State): Record<string, number> {
  return { channels: channels.length, connections: connections.length }
}
