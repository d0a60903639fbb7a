/** Who may join and send on a channel of the commons, and why: the policy's decision in words. */
import type { Failure, FailureName } from '../../failure.ts'
import {
  type ChannelFacts,
  type CommonsRules,
  type AccessDecision,
  decideJoin,
} from '../../policy/channel-access.ts'
import type { Keys } from '../../policy/channel-keys.ts'

/** Why somebody with these keys may or may not join and send. */
export interface PolicyExplanation {
  readonly channel: string
  readonly join: boolean
  readonly send: boolean
  readonly rule: string
  readonly namespace: string | undefined
  readonly overrides: string | undefined
  readonly detail: string
  /** The smallest change that would allow more; undefined where everything is allowed. */
  readonly advice: string | undefined
}

export interface Explanation extends PolicyExplanation {
  /** Whether a server answered, which knows the keys of whoever was first on the channel. */
  readonly live: boolean
}

/** The policy's decision in words. */
export function explain(
  channel: string,
  presented: Keys,
  facts: ChannelFacts,
  rules: CommonsRules,
): PolicyExplanation {
  const verdict: AccessDecision = decideJoin(presented, facts, rules)
  const { rule, reservation, overrides, detail } = verdict.because
  return {
    channel,
    join: verdict.join,
    send: verdict.join && verdict.send,
    rule,
    namespace: reservation?.namespace,
    overrides: overrides?.namespace,
    detail,
    advice: adviceOf(verdict, presented),
  }
}

/** The explanation where the app that the channel is linked to refuses clients of the commons, whatever keys they bring. */
export function withoutGuests(explanation: Explanation, why: Failure): Explanation {
  const detail = `${explanation.detail}, but for guests of the app it is linked to: ${why.message}`
  return { ...explanation, join: false, send: false, detail, advice: GUEST_ADVICE[why.name] }
}

const GUEST_ADVICE: Partial<Record<FailureName, string>> = {
  app_disabled: 'enable the app, or take the link of the reservation away',
  app_expired: 'link the reservation to another app, or to none',
  identity_required:
    'let the rule of the channel in whoever has no client id, or take the link away',
  tls_required: 'connect over wss://',
}

function adviceOf(verdict: AccessDecision, presented: Keys): string | undefined {
  if (verdict.join && verdict.send) return undefined
  const { rule, reservation } = verdict.because
  if (rule === 'closed') return 'reserve a name that covers the channel, or allow open channels'
  const failure = verdict.join ? 'send_key_required' : verdict.failure
  if (failure === 'keys_refused') return 'leave out the key that the channel does not ask for'
  const kind = failure === 'join_refused' ? 'join' : 'send'
  const bring = presented[kind] ? `bring the right ${kind} key` : `bring the ${kind} key`
  return reservation
    ? `${bring}, or take the ${kind} key of ${reservation.namespace} away`
    : `${bring} of whoever was first on the channel`
}
