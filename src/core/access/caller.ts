/** Whoever asks for something, as far as the gate has to know them, and where they ask for it. */
import type { Capability } from '../../policy/capability/capability.ts'
import type { CapabilityChecker } from '../../policy/capability/checker.ts'
import type { ChannelClaims } from '../../policy/channel-claims.ts'
import type { Identity } from '../../policy/client-identity.ts'
import type { Modes } from '../modes.ts'
import type { ChannelRef } from '../types.ts'
import type { Allowance } from './allowance.ts'

/** Holders of an API key, a token or a JWT. What they may do stands in a capability. */
export interface AppCaller extends Identity {
  readonly kind: 'app'
  readonly appId: string
  readonly keyId: string
  readonly method: 'basic' | 'token' | 'jwt'
  readonly capability: Capability
  readonly checker: CapabilityChecker
  /** By channel pattern, claims about the holder that are passed on with what they publish. */
  readonly userClaims: ChannelClaims<string>
  /** By channel pattern, messages a second that the holder may publish. */
  readonly publishRates: ChannelClaims<number>
}

/**
 * A member of the commons on a channel of an app, or whoever pushes to it over HTTP: the keys of a reservation have
 * let them in, and nobody vouches for who they are.
 */
export interface Guest {
  readonly kind: 'guest'
}

/** The server itself, on behalf of somebody who manages the channel; their role has been decided. */
export interface Manager {
  readonly kind: 'manager'
}

export type Caller = AppCaller | Guest | Manager

export const GUEST: Guest = { kind: 'guest' }
export const MANAGER: Manager = { kind: 'manager' }

/** Where something is done, and over what. */
export interface Place {
  readonly channel: ChannelRef
  /** What a capability has to permit: the name with its qualifier, without parameters. */
  readonly resource: string
  /** Whether the client's own connection is encrypted. */
  readonly secure: boolean
  /** Of the page that comes as a guest; null for a program. Of others it is asked with their credentials. */
  readonly origin?: string | null
  /** What the caller has attached the channel for; undefined where they are not attached to it. */
  readonly modes?: Modes | undefined
  /** What pays for what is done; one has been taken from it for asking at all. */
  readonly allowance?: Allowance | undefined
}
