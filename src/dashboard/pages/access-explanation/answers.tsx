/** The answers of "Who gets in?": the decision, what decides, and the smallest change. */
/** @jsxImportSource hono/jsx */
import type { Result } from '../../../failure.ts'
import type { Explanation } from '../../../service/explanations/access-explanation.ts'
import type { CredentialExplanation } from '../../../service/explanations/credential-explanation.ts'
import { lineText } from '../../../service/explanations/key-explanation.ts'
import { Badge, Card, Time } from '../../view/components.tsx'
import { sentence } from '../failures.tsx'
import type { Answers, Question } from './question.ts'

export function AnswerView({
  question,
  answers,
}: {
  question: Question
  answers: Answers | undefined
}) {
  if (!answers)
    return <p class="faint">Name a channel; what somebody would bring along is up to you.</p>
  return (
    <>
      {answers.itty ? (
        <IttyAnswer answer={answers.itty} />
      ) : (
        <Card title="A client of itty-sockets">
          <p>This channel is not under a name of your account.</p>
        </Card>
      )}
      {answers.ably && <AblyAnswer question={question} answer={answers.ably} />}
    </>
  )
}

function IttyAnswer({ answer: explained }: { answer: Explanation }) {
  const { join, send, rule, namespace, overrides, detail, advice } = explained
  return (
    <Card title="A client of itty-sockets">
      <div class="stack">
        <p class="row">
          {join ? <Badge tone="good">may join</Badge> : <Badge tone="bad">may not join</Badge>}
          {send ? <Badge tone="good">may send</Badge> : <Badge tone="bad">may not send</Badge>}
        </p>
        <dl class="facts">
          <dt>Decides</dt>
          <dd>
            {RULES[rule] ?? rule}
            {namespace !== undefined && (
              <>
                : <code>{namespace}</code>
              </>
            )}
            {overrides !== undefined && (
              <>
                , in the place of <code>{overrides}</code>
              </>
            )}
          </dd>
          <dt>Because</dt>
          <dd>{sentence(detail)}</dd>
          {advice !== undefined && (
            <>
              <dt>To change that</dt>
              <dd>{sentence(advice)}</dd>
            </>
          )}
        </dl>
      </div>
    </Card>
  )
}

const RULES: Readonly<Record<string, string>> = {
  namespace: 'the reservation that covers it most closely',
  parent: 'a reservation above it',
  ephemeral: 'the keys that the first one on the channel brought',
  open: 'nothing: the channel is open',
  closed: 'the server’s setting: channels must be reserved',
}

function AblyAnswer({
  question: { channel, operation },
  answer: explained,
}: {
  question: Question
  answer: Result<CredentialExplanation>
}) {
  if (!explained.ok)
    return (
      <Card title="A client of Ably’s SDKs">
        <p>{sentence(explained.failure.message)}</p>
      </Card>
    )
  return explained.value.kind === 'key' ? (
    <KeyAnswer answer={explained.value.key} />
  ) : (
    <TokenAnswer answer={explained.value.token} asked={`${operation} on ${channel}`} />
  )
}

function PermissionBadge({ permitted, operation }: { permitted: boolean; operation: string }) {
  return (
    <p class="row">
      {permitted ? (
        <Badge tone="good">may {operation}</Badge>
      ) : (
        <Badge tone="bad">may not {operation}</Badge>
      )}
    </p>
  )
}

function KeyAnswer({
  answer: { key, permitted, operation, because, change, notes },
}: {
  answer: Extract<CredentialExplanation, { kind: 'key' }>['key']
}) {
  return (
    <Card title="A client of Ably’s SDKs">
      <div class="stack">
        <PermissionBadge permitted={permitted} operation={operation} />
        <dl class="facts">
          <dt>Key</dt>
          <dd>
            <code>{key}</code>
          </dd>
          <dt>Because</dt>
          <dd>{sentence(because)}</dd>
          {change && (
            <>
              <dt>To change that</dt>
              <dd>
                Add or widen the line <code>{lineText(change.line)}</code>
              </dd>
            </>
          )}
          {notes.length > 0 && (
            <>
              <dt>Also</dt>
              <dd>{notes.map((note) => sentence(note)).join(' ')}</dd>
            </>
          )}
        </dl>
      </div>
    </Card>
  )
}

function TokenAnswer({
  answer: { valid, refusal, key, kind, clientId, expires, capability, permitted },
  asked,
}: {
  answer: Extract<CredentialExplanation, { kind: 'token' }>['token']
  asked: string
}) {
  if (!valid)
    return (
      <Card title="A client of Ably’s SDKs">
        <div class="stack">
          <PermissionBadge permitted={false} operation="connect" />
          <p>{sentence(refusal ?? 'it does not count')}</p>
        </div>
      </Card>
    )
  return (
    <Card title="A client of Ably’s SDKs">
      <div class="stack">
        <PermissionBadge permitted={permitted === true} operation={asked} />
        <dl class="facts">
          <dt>{kind === 'jwt' ? 'JWT of' : 'Token of'}</dt>
          <dd>
            <code>{key}</code>
          </dd>
          <dt>Client id</dt>
          <dd>{clientId === undefined ? 'none' : clientId === '*' ? 'any' : clientId}</dd>
          {expires !== undefined && (
            <>
              <dt>Valid until</dt>
              <dd>
                <Time at={expires} />
              </dd>
            </>
          )}
          <dt>Permits</dt>
          <dd>
            <code>{capability}</code>
          </dd>
        </dl>
      </div>
    </Card>
  )
}
