/** What the gate is asked about: the app, what somebody wants in it, and what was admitted of that. */
import type { Because } from '../../failure.ts'
import type { AppLimits } from '../../policy/app-limits.ts'
import type { AppState } from '../../policy/app-state.ts'
import type { ChannelRuleSettings } from '../../policy/channel-rule.ts'
import type { Modes } from '../modes.ts'
import type { Operation } from '../../policy/capability/operations.ts'
import type { Clock } from '../clock.ts'
import type { Registry } from '../registry/registry.ts'
import type { AppCaller } from './caller.ts'
import type { Rates } from './rates.ts'
import type { MessageDraft, MessageEdit } from '../types.ts'

/** An app, as far as the gate has to know it. */
export interface GateApp extends AppState {
  /** By first segment of channel names. */
  readonly rules: ReadonlyMap<string, ChannelRuleSettings>
  readonly limits: AppLimits
}

export interface GateParts {
  /** @returns undefined for an app that is gone */
  readonly appOf: (realm: string) => GateApp | undefined
  readonly registry: Pick<Registry, 'channel'>
  readonly rates: Rates
  readonly clock: Clock
  /** Of all messages of one act together. */
  readonly maxMessageBytes: number
  /** Why a capability refuses something, for the log of whoever runs the server. */
  readonly explain: (
    caller: Pick<AppCaller, 'appId' | 'keyId' | 'method' | 'capability'>,
    operation: Operation,
    resource: string,
  ) => ReturnType<Because>
}

/** What somebody wants who attaches. */
export interface AttachWish {
  readonly modes: Modes
  /** The channel is of a kind that can only be listened to, as derived and meta channels are. */
  readonly onlyListens: boolean
  /** Wants occupancy events, which needs `channel-metadata`. */
  readonly occupancy: boolean
}

/** New messages that somebody wants to publish together. */
export interface PublishWish {
  readonly drafts: readonly MessageDraft[]
  /** Some have headers that take the capability `privileged-headers`. */
  readonly privileged: boolean
  /** Of all of them together, as limits measure them. */
  readonly bytes: number
  /** Whether they have to be of clients with an id, whatever the channel's rule says. */
  readonly identified?: boolean
}

/** A change of a message, as far as it can be decided without that message. */
export interface AdmittedEdit {
  readonly edit: MessageEdit
  /** Under which it is made. */
  readonly clientId: string | undefined
  /** Only messages of that very client may be changed: decided when the message is known. */
  readonly ownOnly: boolean
}

export type PushRights = Pick<AppCaller, 'capability' | 'checker'>

/** What concerns an app and no channel of it is permitted on this resource, as statistics and lists of channels are. */
export const WHOLE_APP = '*'
