/**
 * Who may join a channel of the commons and who may send on it (itty AC-1 to AC-34): the most specific
 * reservation, then its parent, then the first joiner's keys, then open. Pure: the caller brings the facts.
 */
import type { FailureName } from '../failure.ts'
import { type Keys, opens } from './channel-keys.ts'
import type { Match } from './namespaces.ts'

/** A reserved namespace as the policy needs it. */
export interface Reservation {
  readonly id: string
  readonly accountId: string
  readonly namespace: string
  readonly keys: Keys
  readonly options: ChannelOptions
}

/** Behaviour that a reservation may choose for its channels; unset follows the server's setting. */
export interface ChannelOptions {
  /** Accept a refused socket, tell it why in an error event, then close it (AC-33). */
  readonly explainRefusals?: boolean
  /** Refuse messages whose `type` is one of the protocol's own events (E-14). */
  readonly guardEvents?: boolean
  /** Add a numeric `users` to joins and leaves for clients before 0.9 (V-2). */
  readonly legacyUsers?: boolean
  /** The app whose channels these are too: both kinds of client meet on them. */
  readonly appId?: string
}

export interface CommonsRules {
  /** Whether channels that no reservation covers may be used at all. */
  readonly openChannels: boolean
  /** Refuse keys that a joiner brings to a channel that does not ask for them (AC-27). */
  readonly strictKeys: boolean
}

/** What is known about the channel when somebody asks. */
export interface ChannelFacts {
  readonly match: Match<Reservation> | undefined
  /**
   * The keys that the first joiner set. They live as long as somebody is on the channel, and not longer (AC-16);
   * undefined when nobody is.
   */
  readonly ephemeral: Keys | undefined
}

/** Which rule decided, in the documented order of priority (AC-19 to AC-22). */
export type AccessRule = 'namespace' | 'parent' | 'ephemeral' | 'open' | 'closed'

/** The reason of a decision. It may be shown to the owner (log, explain), and never to the client that is refused. */
export interface DecisionReason {
  readonly rule: AccessRule
  readonly reservation: Reservation | undefined
  /** The reservation that the deciding one overrides as a whole (AC-30). */
  readonly overrides: Reservation | undefined
  readonly detail: string
}

export type AccessDecision =
  | {
      readonly join: true
      readonly send: boolean
      /** Keys this joiner sets on a channel that it creates. */
      readonly sets: Keys | undefined
      readonly because: DecisionReason
    }
  | { readonly join: false; readonly failure: FailureName; readonly because: DecisionReason }

/** Decides about a newcomer (AC-34). */
export function decideJoin(
  presented: Keys,
  facts: ChannelFacts,
  rules: CommonsRules,
): AccessDecision {
  if (facts.match) return decideReserved(presented, facts.match, true)
  if (!rules.openChannels)
    return refuse('channel_not_open', facts, 'closed', 'no reservation covers it')
  if (facts.ephemeral) return decideEphemeral(presented, facts.ephemeral, rules.strictKeys)
  const brings = presented.join !== undefined || presented.send !== undefined
  const because = brings
    ? reason('ephemeral', facts.match, 'first on the channel, sets its keys')
    : reason('open', facts.match, 'first on the channel, brings no keys')
  return { join: true, send: true, sets: presented, because }
}

/**
 * Decides again about somebody who is already there, after reservations changed (AC-32). Keys that the
 * channel no longer asks for are not held against a member: it did not try to set them on this rule.
 */
export function decideStay(
  presented: Keys,
  facts: ChannelFacts,
  rules: CommonsRules,
): AccessDecision {
  if (facts.match) return decideReserved(presented, facts.match, false)
  if (!rules.openChannels)
    return refuse('channel_not_open', facts, 'closed', 'no reservation covers it')
  return decideEphemeral(presented, facts.ephemeral ?? {}, false)
}

/** Decides about an HTTP push: only a reservation with a send key admits one (H-1, H-5). */
export function decidePush(presented: Keys, match: Match<Reservation> | undefined): AccessDecision {
  const required = match?.best.keys.send
  const rule = match ? reservedRule(match) : 'open'
  if (!match || !required) {
    return {
      join: false,
      failure: 'push_refused',
      because: reason(rule, match, 'no send key is reserved'),
    }
  }
  if (!opens(presented.send, required)) {
    return {
      join: false,
      failure: 'push_refused',
      because: reason(rule, match, keyDetail('send', presented.send)),
    }
  }
  return {
    join: true,
    send: true,
    sets: undefined,
    because: reason(rule, match, 'the send key fits'),
  }
}

function decideReserved(
  presented: Keys,
  match: Match<Reservation>,
  newcomer: boolean,
): AccessDecision {
  const { keys } = match.best
  const rule = reservedRule(match)
  if (newcomer && presented.join && !keys.join) return surplus('join', rule, match)
  if (newcomer && presented.send && !keys.send) return surplus('send', rule, match)
  return decideKeys(presented, keys, rule, match)
}

function decideEphemeral(presented: Keys, keys: Keys, strict: boolean): AccessDecision {
  const rule: AccessRule = keys.join || keys.send ? 'ephemeral' : 'open'
  if (strict && presented.join && !keys.join) return surplus('join', rule, undefined)
  if (strict && presented.send && !keys.send) return surplus('send', rule, undefined)
  return decideKeys(presented, keys, rule, undefined)
}

/** The two keys are independent: the join key decides who may join, the send key who may send (AC-2, AC-5, AC-26). */
function decideKeys(
  presented: Keys,
  keys: Keys,
  rule: AccessRule,
  match: Match<Reservation> | undefined,
): AccessDecision {
  if (keys.join && !opens(presented.join, keys.join)) {
    const because = reason(rule, match, keyDetail('join', presented.join))
    return { join: false, failure: 'join_refused', because }
  }
  const send = !keys.send || opens(presented.send, keys.send)
  const detail = keys.join ? LOCKED : UNLOCKED
  const sending = !keys.send ? detail.anyone : send ? detail.speaker : listener(detail, presented)
  return { join: true, send, sets: undefined, because: reason(rule, match, sending) }
}

function listener(detail: typeof LOCKED, { send }: Keys): string {
  return send ? detail.wrong : detail.missing
}

// Constants, because joins are frequent and a text built for each would be garbage that nobody reads.
const LOCKED = {
  anyone: 'the join key fits, no send key is asked for',
  speaker: 'the join key fits, the send key fits',
  wrong: 'the join key fits, may only listen: the send key is wrong',
  missing: 'the join key fits, may only listen: the send key is missing',
}
const UNLOCKED: typeof LOCKED = {
  anyone: 'no join key is asked for, no send key is asked for',
  speaker: 'no join key is asked for, the send key fits',
  wrong: 'no join key is asked for, may only listen: the send key is wrong',
  missing: 'no join key is asked for, may only listen: the send key is missing',
}

function surplus(
  kind: 'join' | 'send',
  rule: AccessRule,
  match: Match<Reservation> | undefined,
): AccessDecision {
  const because = reason(
    rule,
    match,
    `brings a ${kind} key that is not asked for, which counts as setting one`,
  )
  return { join: false, failure: 'keys_refused', because }
}

function keyDetail(kind: 'join' | 'send', presented: Uint8Array | undefined): string {
  return presented ? `the ${kind} key is wrong` : `the ${kind} key is missing`
}

/** `parent` when the namespace serves as the default for what lies below it, `namespace` when it is the target or beats a parent. */
function reservedRule(match: Match<Reservation>): AccessRule {
  return match.exact || match.parent ? 'namespace' : 'parent'
}

function refuse(
  name: FailureName,
  facts: ChannelFacts,
  rule: AccessRule,
  detail: string,
): AccessDecision {
  return { join: false, failure: name, because: reason(rule, facts.match, detail) }
}

function reason(
  rule: AccessRule,
  match: Match<Reservation> | undefined,
  detail: string,
): DecisionReason {
  return { rule, reservation: match?.best, overrides: match?.parent, detail }
}
