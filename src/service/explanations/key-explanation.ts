/** Says whether a key permits an operation on a channel, which capability line decides, and what would allow it. */
import { type Result, fail, ok } from '../../failure.ts'
import {
  type Capability,
  canonicalText,
  parseAccepted,
} from '../../policy/capability/capability.ts'
import {
  type CapabilityLine,
  explainCapability,
  lineText,
} from '../../policy/capability/explain.ts'
import { OPERATIONS, type Operation } from '../../policy/capability/operations.ts'
import { ruleIdOf } from '../../policy/channel-rule.ts'
import type { ApiKey } from '../apps/api-keys.ts'
import type { App } from '../apps/apps.ts'
import type { StoredRule } from '../apps/channel-rules.ts'

export { lineText }

export interface KeyExplanation {
  readonly key: string
  readonly channel: string
  readonly operation: string
  readonly permitted: boolean
  /** What decides, in words. */
  readonly because: string
  /** The capability line that decides, or the nearest one that does not suffice. */
  readonly line: CapabilityLine | undefined
  /** The smallest change of the capability that would allow it, and the capability after it; undefined where none would. */
  readonly change: { readonly line: CapabilityLine; readonly capability: string } | undefined
  /** Further conditions for clients, such as TLS. */
  readonly notes: readonly string[]
}

export interface KeyQuestion {
  readonly channel: string
  readonly operation: string
  /** Which secret of the key was presented; undefined when only its name was. */
  readonly secret: 'current' | 'old' | 'unknown' | undefined
}

export function explainKey(
  app: App,
  key: ApiKey,
  rules: readonly StoredRule[],
  { channel, operation, secret }: KeyQuestion,
): Result<KeyExplanation> {
  if (!isOperation(operation)) {
    return fail('invalid', `there is no operation ${operation}; there are ${OPERATIONS.join(', ')}`)
  }
  const read = parseAccepted(key.capability)
  if (!read.ok) return read
  const answer = explainCapability(read.value, channel, operation)
  const obstacle = obstacleOf(app, key, secret)
  return ok({
    key: key.keyName,
    channel,
    operation,
    permitted: answer.permitted && obstacle === undefined,
    because: obstacle ?? reason(answer.permitted, answer.line, operation),
    line: answer.line,
    change: obstacle === undefined ? changeOf(read.value, answer.change) : undefined,
    notes: notesOf(app, rules, channel, secret),
  })
}

function isOperation(text: string): text is Operation {
  return (OPERATIONS as readonly string[]).includes(text)
}

/** Why the key is refused whatever its capability says. */
function obstacleOf(app: App, key: ApiKey, secret: KeyQuestion['secret']): string | undefined {
  if (app.status === 'disabled') return `the app ${app.name} is disabled`
  if (key.status === 'revoked') return 'the key is revoked'
  if (secret === 'unknown') return 'the secret is not one of this key'
  return undefined
}

function reason(permitted: boolean, line: CapabilityLine | undefined, operation: string): string {
  if (!line) return 'no line of the capability is about this channel'
  const text = lineText(line)
  return permitted ? `the line ${text} permits it` : `the line ${text} is without ${operation}`
}

function changeOf(capability: Capability, line: CapabilityLine | undefined) {
  return line && { line, capability: changed(capability, line) }
}

function changed(capability: Capability, { resource, operations }: CapabilityLine): string {
  const lines = JSON.parse(canonicalText(capability)) as Record<string, readonly string[]>
  const read = parseAccepted(JSON.stringify({ ...lines, [resource]: operations }))
  return canonicalText(read.ok ? read.value : capability)
}

function notesOf(
  app: App,
  rules: readonly StoredRule[],
  channel: string,
  secret: KeyQuestion['secret'],
): string[] {
  const rule = rules.find(({ id }) => id === ruleIdOf(channel))
  return [
    ...(secret === 'old' ? ['the secret is the old one, and ends when it is retired'] : []),
    ...(app.tlsOnly ? [`the app ${app.name} asks for TLS`] : []),
    ...(rule?.tlsOnly ? [`the rule ${rule.id} asks for TLS`] : []),
    ...(rule?.authenticated ? [`the rule ${rule.id} asks for a client id`] : []),
  ]
}
