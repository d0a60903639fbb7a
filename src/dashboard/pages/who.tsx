/** "Who gets in?": which rule decides about somebody, why, and what would have to change. The policy's own answers. */
/** @jsxImportSource hono/jsx */
import { type Context, Hono } from 'hono'
import { isOwner, maySee } from '../../api/access.ts'
import type { Result } from '../../failure.ts'
import { OPERATIONS } from '../../policy/capability/operations.ts'
import {
  type CredentialExplanation,
  explainCredential,
} from '../../service/credential-explanation.ts'
import { lineText } from '../../service/key-explanation.ts'
import type { Explanation } from '../../service/access-explanation.ts'
import { type Fields, readFields, textField } from '../forms.ts'
import { type Env, type Page, visitorOf } from '../site.ts'
import { Field, Form } from '../view/forms.tsx'
import { show, showPart } from '../view/layout.tsx'
import { Badge, Card, Time } from '../view/parts.tsx'
import { sentence } from './failures.tsx'

interface Question {
  readonly channel: string
  readonly joinKey: string
  readonly sendKey: string
  readonly credential: string
  readonly operation: string
}

interface Answers {
  /** Undefined where the channel is not one that whoever asks may know about. */
  readonly itty: Explanation | undefined
  /** Undefined where no credential was given. */
  readonly ably: Result<CredentialExplanation> | undefined
}

export function whoPages(): Hono<Env> {
  const app = new Hono<Env>()
  app.get('/', (page) => {
    const channel = page.req.query('channel') ?? ''
    const credential = page.req.query('key') ?? ''
    return showWho(page, { ...questionOf({}), channel, credential })
  })
  app.post('/', async (page) => showWho(page, questionOf(await readFields(page))))
  app.post('/preview', async (page: Context<Env>) => {
    const question = questionOf(await readFields(page))
    return showPart(page, <AnswerView question={question} answers={await answer(page, question)} />)
  })
  return app
}

function questionOf(fields: Fields): Question {
  return {
    channel: textField(fields, 'channel').trim(),
    joinKey: textField(fields, 'joinKey'),
    sendKey: textField(fields, 'sendKey'),
    credential: textField(fields, 'credential').trim(),
    operation: textField(fields, 'operation') || 'subscribe',
  }
}

async function answer(page: Page, question: Question): Promise<Answers | undefined> {
  const { channel, joinKey, sendKey, credential } = question
  if (channel === '') return undefined
  const visitor = visitorOf(page)
  const { services, live } = page.var.parts
  const { keyring } = services
  const mayKnow = isOwner(visitor) || live.ownerOf(channel) === visitor.account.id
  const presented = {
    ...(joinKey !== '' && { join: keyring.digest(joinKey) }),
    ...(sendKey !== '' && { send: keyring.digest(sendKey) }),
  }
  return {
    itty: mayKnow ? live.explain(channel, presented) : undefined,
    ably:
      credential === ''
        ? undefined
        : await explainCredential(services, question, (app) => maySee(visitor, app.accountId)),
  }
}

async function showWho(page: Page, question: Question): Promise<Response> {
  const answers = await answer(page, question)
  return show(
    page,
    {
      title: 'Who gets in?',
      section: '/who',
      lead: 'Asks the server itself: which rule decides about somebody, and the smallest change that would let them in.',
    },
    <div class="stack loose">
      <Card>
        <Form action="/who" class="stack" preview={{ path: '/who/preview', into: 'answers' }}>
          <Field
            name="channel"
            label="Channel"
            value={question.channel}
            placeholder="acme/lobby"
            mono
            required
          />
          <div class="columns">
            <fieldset class="stack tight">
              <legend class="small faint">A client of itty-sockets</legend>
              <Field name="joinKey" label="Join key" value={question.joinKey} mono />
              <Field name="sendKey" label="Send key" value={question.sendKey} mono />
            </fieldset>
            <fieldset class="stack tight">
              <legend class="small faint">A client of Ably’s SDKs</legend>
              <Field
                name="credential"
                label="API key, its name, a token or a JWT"
                value={question.credential}
                mono
              />
              <Operations chosen={question.operation} />
            </fieldset>
          </div>
          <div>
            <button class="button primary" data-scriptless>
              Ask
            </button>
          </div>
        </Form>
      </Card>
      <div id="answers" class="stack loose" aria-live="polite">
        <AnswerView question={question} answers={answers} />
      </div>
    </div>,
  )
}

function Operations({ chosen }: { chosen: string }) {
  const common = ['subscribe', 'publish', 'presence', 'history']
  const others = OPERATIONS.filter((operation) => !common.includes(operation))
  return (
    <div class="field">
      <label for="operation">Wants to</label>
      <select class="select" id="operation" name="operation">
        {[...common, ...others].map((operation) => (
          <option value={operation} selected={operation === chosen}>
            {operation}
          </option>
        ))}
      </select>
    </div>
  )
}

function AnswerView({ question, answers }: { question: Question; answers: Answers | undefined }) {
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

function Verdict({ permitted, operation }: { permitted: boolean; operation: string }) {
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
        <Verdict permitted={permitted} operation={operation} />
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
          <Verdict permitted={false} operation="connect" />
          <p>{sentence(refusal ?? 'it does not count')}</p>
        </div>
      </Card>
    )
  return (
    <Card title="A client of Ably’s SDKs">
      <div class="stack">
        <Verdict permitted={permitted === true} operation={asked} />
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
