/** "Who gets in?": which rule decides about somebody, why, and what would have to change. The policy's own answers. */
/** @jsxImportSource hono/jsx */
import { type Context, Hono } from 'hono'
import { OPERATIONS } from '../../../policy/capability/operations.ts'

import type { Env, PageRequest } from '../../page-request.ts'
import { Field, Form } from '../../view/forms.tsx'
import { show, showPart } from '../../view/layout.tsx'
import { Card } from '../../view/components.tsx'
import { AnswerView } from './answers.tsx'
import { type Question, answer, questionOf } from './question.ts'

export function accessExplanationPages(): Hono<Env> {
  const app = new Hono<Env>()
  app.get('/', (page) => {
    const channel = page.req.query('channel') ?? ''
    const credential = page.req.query('key') ?? ''
    return showQuestion(page, { ...questionOf({}), channel, credential })
  })
  app.post('/', async (page) => showQuestion(page, questionOf(page.var.fields)))
  app.post('/preview', async (page: Context<Env>) => {
    const question = questionOf(page.var.fields)
    return showPart(page, <AnswerView question={question} answers={await answer(page, question)} />)
  })
  return app
}

async function showQuestion(page: PageRequest, question: Question): Promise<Response> {
  const answers = await answer(page, question)
  return show(
    page,
    {
      title: 'Who gets in?',
      section: '/who',
      lead: 'Asks the server itself: which rule decides about somebody, and the smallest change that would let them in.',
    },
    <div class="stack loose">
      <QuestionCard question={question} />
      <div id="answers" class="stack loose" aria-live="polite">
        <AnswerView question={question} answers={answers} />
      </div>
    </div>,
  )
}

function QuestionCard({ question }: { question: Question }) {
  return (
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
        <div data-scriptless>
          <button class="button primary">Ask</button>
        </div>
      </Form>
    </Card>
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
