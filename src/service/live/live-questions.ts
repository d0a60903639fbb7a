/** What nodes ask each other about channels and connections in use, and what they answer: plain data. */
import type { QuestionKind } from '../../cluster/cluster.ts'
import type { Listing } from '../../core/first-of.ts'
import type { Account } from '../accounts/accounts.ts'
import type { LiveChannel, LiveConnection } from './live-views.ts'

/** The account that may see the answer; without one, everything may be seen. */
export interface Viewed {
  readonly viewer?: Pick<Account, 'id'> | undefined
}

/** A channel, by names alone. */
export interface ChannelName {
  readonly realm: string
  readonly name: string
}

export interface ChannelSearch {
  /** Part of the name. */
  readonly text?: string | undefined
  readonly limit?: number | undefined
}

export interface ConnectionSearch extends ChannelSearch {
  /** Only connections on the channel of this name. `text` matches part of anything else known of a connection. */
  readonly channel?: string | undefined
  /** Only those of this app. */
  readonly appId?: string | undefined
}

/** What one node has of a channel. */
export interface NodeChannel {
  /** Of the channel itself, while the view may hide parts of its name. */
  readonly key: string
  readonly view: LiveChannel
}

/** A connection that a node has ended. */
export interface EndedConnection {
  readonly view: LiveConnection
  readonly channel: ChannelName
  /** What the audit trail says of it. */
  readonly words: string
}

export interface LiveFigures {
  readonly channels: number
  /** Open connections, as statistics count them. */
  readonly connections: number
  /** Event streams of apps: counted in `connections`, but on no list. */
  readonly streams: number
  /** Connections that are disconnected and may still resume. */
  readonly away: number
  /** Messages a second, lately. */
  readonly rate: number
}

export const CHANNELS: QuestionKind<Viewed & ChannelSearch, Listing<NodeChannel>> = {
  name: 'live channels',
}
export const CHANNEL: QuestionKind<Viewed & ChannelName, NodeChannel | null> = {
  name: 'live channel',
}
/** Which of some channels are in use, by their places in the list. */
export const IN_USE: QuestionKind<readonly ChannelName[], readonly number[]> = {
  name: 'live channels in use',
}
export const FIGURES: QuestionKind<Viewed, LiveFigures> = { name: 'live figures' }
export const CONNECTIONS: QuestionKind<Viewed & ConnectionSearch, Listing<LiveConnection>> = {
  name: 'live connections',
}
export const DISCONNECT: QuestionKind<Viewed & { readonly id: string }, EndedConnection | null> = {
  name: 'disconnect',
}
/** How many there were. */
export const DISCONNECT_CHANNEL: QuestionKind<Viewed & ChannelName, number> = {
  name: 'disconnect channel',
}
