/** `latchkey tokens issue | explain | revoke` */
import { type Result, fail, ok } from '../../failure.ts'
import type { TokenExplanation } from '../../service/tokens/tokens.ts'
import { APP_OPTION } from './apps.ts'
import { type Command, type CommandContext, EXIT } from '../command.ts'
import { withKey } from '../key-options.ts'
import { type Lines, timeText } from '../output.ts'
import { failed, withServices } from '../with-services.ts'

const issue: Command = {
  name: 'tokens issue',
  summary: 'Make a token of an API key, for a client that must not have the key itself',
  positionals: ['KEY'],
  options: [
    { name: 'ttl', value: 'SECONDS', description: 'How long it is valid (default: an hour)' },
    { name: 'client-id', value: 'ID', description: 'Who its holder is; * for anybody' },
    { name: 'capability', value: 'JSON', description: 'What it permits, within its key' },
    APP_OPTION,
  ],
  settings: 'data',
  run: (context) =>
    withKey(context, ({ tokens }, { key }) => {
      const ttl = readSeconds(context.options['ttl'])
      if (!ttl.ok) return failed(context, ttl.failure)
      const clientId = context.options['client-id']
      const { capability } = context.options
      const wish = { ttl: ttl.value, clientId, capability }
      const issued = tokens.issue(key.keyName, wish)
      if (!issued.ok) return failed(context, issued.failure)
      const { token, expires } = issued.value
      context.output.result(issued.value, [token, `Valid until ${timeText(expires)} (UTC).`])
      return EXIT.done
    }),
}

const explain: Command = {
  name: 'tokens explain',
  summary: 'Say whether a token or JWT counts, what it permits, and why not',
  positionals: ['TOKEN'],
  options: [
    { name: 'channel', value: 'CHANNEL', description: 'Ask about this channel (default: *)' },
    { name: 'operation', value: 'OPERATION', description: 'Ask about this, such as publish' },
  ],
  settings: 'data',
  run: (context) =>
    withServices(context, async ({ tokens }) => {
      const { channel, operation } = context.options
      const asks = channel !== undefined || operation !== undefined
      const question = { channel: channel ?? '*', operation: operation ?? 'subscribe' }
      const answer = await tokens.explain(context.positionals[0]!, asks ? question : undefined)
      if (!answer.ok) return failed(context, answer.failure)
      const text = explanationText(answer.value, `${question.operation} on ${question.channel}`)
      context.output.result(answer.value, text)
      return EXIT.done
    }),
}

const TARGETS = { 'client-id': 'clientId', 'revocation-key': 'revocationKey', channel: 'channel' }

const revoke: Command = {
  name: 'tokens revoke',
  summary: 'End the tokens of an API key that were issued until now, of a client or for a channel',
  positionals: ['KEY'],
  options: [
    { name: 'client-id', value: 'ID', description: 'Tokens of this client' },
    { name: 'revocation-key', value: 'TEXT', description: 'JWTs with this revocation key' },
    { name: 'channel', value: 'NAME', description: 'Tokens whose capability names this channel' },
    APP_OPTION,
  ],
  settings: 'data',
  run: (context) =>
    withKey(context, async ({ ledger, tokens }, { key }) => {
      const targets = targetsOf(context)
      if (targets.length === 0) {
        context.output.complain('tokens revoke needs --client-id, --revocation-key or --channel')
        return EXIT.usage
      }
      const revoked = await ledger.commit(() => tokens.revoke(key.keyName, targets))
      if (!revoked.ok) return failed(context, revoked.failure)
      context.output.result({ revoked: targets }, `Revoked ${targets.join(', ')}.`)
      return EXIT.done
    }),
}

function targetsOf({ options }: CommandContext): string[] {
  return Object.entries(TARGETS)
    .filter(([name]) => options[name] !== undefined)
    .map(([name, kind]) => `${kind}:${options[name]}`)
}

const SECOND_MS = 1000

function readSeconds(text: string | undefined): Result<number | undefined> {
  if (text === undefined) return ok(undefined)
  if (!/^\d+$/.test(text)) return fail('invalid', '--ttl must be a whole number of seconds')
  return ok(Number(text) * SECOND_MS)
}

function explanationText(answer: TokenExplanation, question: string): Lines {
  if (!answer.valid) return `Refused: ${answer.refusal}.`
  return [
    `Valid       until ${answer.expires === undefined ? '-' : `${timeText(answer.expires)} (UTC)`}`,
    `Key         ${answer.key}`,
    `Client id   ${answer.clientId ?? '-'}`,
    `Capability  ${answer.capability}`,
    ...(answer.permitted === undefined
      ? []
      : [`${answer.permitted ? 'Permits' : 'Refuses'}     ${question}`]),
  ]
}

export const tokenCommands: readonly Command[] = [issue, explain, revoke]
