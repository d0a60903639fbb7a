/** What the live pages do: disconnect somebody, or everybody on a channel, and publish a message. */
/** @jsxImportSource hono/jsx */
import { failure } from '../../../failure.ts'
import { type Fields, textField } from '../../fields.ts'
import { notify } from '../../notices.ts'
import { accountScope } from '../../access.ts'
import { type PageRequest, redirectTo } from '../../page-request.ts'
import { Form } from '../../view/forms.tsx'
import { isPartAsked, show, showPart } from '../../view/layout.tsx'
import { missingWords } from '../../view/missing-nodes.tsx'
import { Notice, PageLink } from '../../view/components.tsx'
import { plural } from '../../format.ts'
import { sentence, showFailure } from '../failures.tsx'
import { type VisibleChannel, channelPath, visibleChannel } from './addresses.ts'
import { showChannel } from './channel.tsx'

/** A channel that whoever asks may see. */
export function requestedChannel(
  page: PageRequest,
  name: string,
  app: string,
): VisibleChannel | undefined {
  return visibleChannel(page.var.parts.live, accountScope(page), name, app)
}

export async function askToDisconnect(page: PageRequest): Promise<Response> {
  const { id = '', channel = '', app = '', back = '' } = page.req.query()
  const words = await wordsFor(page, id, channel, app)
  if (words === undefined) return showFailure(page, failure('connection_unknown'))
  return show(
    page,
    { title: words.title, section: '/live', crumbs: [['Live', '/live']], lead: words.lead },
    <Form action="/live/disconnect" class="row">
      {Object.entries({ id, channel, app, back }).map(
        ([name, value]) => value !== '' && <input type="hidden" name={name} value={value} />,
      )}
      <button class="button danger primary">Disconnect</button>
      <PageLink class="button" path={localPath(back)} cancel>
        Leave it
      </PageLink>
    </Form>,
  )
}

async function wordsFor(
  page: PageRequest,
  id: string,
  channel: string,
  app: string,
): Promise<{ readonly title: string; readonly lead: string } | undefined> {
  const { live } = page.var.parts
  if (id === '') {
    const target = requestedChannel(page, channel, app)
    if (!target) return undefined
    const inUse = await live.channel(accountScope(page), target.ref)
    return {
      title: `Disconnect everybody on ${target.name}?`,
      lead: `${plural(inUse?.members ?? 0, 'connection')} now. ${TOLD}`,
    }
  }
  const { items } = await live.connections(accountScope(page), { text: id })
  const found = items.find((one) => one.id === id)
  const name = found?.protocol === 'itty' ? (found.alias ?? found.uid) : (found?.clientId ?? id)
  return found && { title: `Disconnect ${name}?`, lead: TOLD }
}

const TOLD =
  'Clients are told that the operator did it, and do not come back by themselves; nothing keeps them from connecting again.'

export async function disconnect(page: PageRequest): Promise<Response> {
  const fields = page.var.fields
  const { live } = page.var.parts
  const id = textField(fields, 'id')
  if (id === '') return disconnectChannel(page, fields)
  const ended = await live.disconnect(accountScope(page), id)
  notify(
    page,
    ended.ok ? 'Disconnected.' : sentence(ended.failure.message),
    ended.ok ? 'good' : 'warn',
  )
  return redirectTo(page, localPath(textField(fields, 'back')))
}

async function disconnectChannel(page: PageRequest, fields: Fields): Promise<Response> {
  const target = requestedChannel(page, textField(fields, 'channel'), textField(fields, 'app'))
  if (!target) return showFailure(page, failure('not_found'))
  const { live } = page.var.parts
  const { count, missing } = await live.disconnectChannel(accountScope(page), target.ref)
  notify(page, `Disconnected ${plural(count, 'connection')}.`)
  if (missing.length > 0) notify(page, missingWords(missing), 'warn')
  return redirectTo(page, localPath(textField(fields, 'back')))
}

export async function publish(page: PageRequest): Promise<Response> {
  const fields = page.var.fields
  const target = requestedChannel(page, textField(fields, 'channel'), textField(fields, 'app'))
  if (!target) return showFailure(page, failure('not_found'))
  const [name, data] = [textField(fields, 'name').trim(), textField(fields, 'data')]
  const sent = await page.var.parts.inspector.publish(target.ref, { name, data })
  const words = sent.ok
    ? `Published to ${plural(sent.value, 'reader')}.`
    : sentence(sent.failure.message)
  // The script shows it beside the form, so that what is being watched stays.
  if (isPartAsked(page))
    return showPart(page, <Notice tone={sent.ok ? 'good' : 'bad'}>{words}</Notice>)
  if (!sent.ok) return showChannel(page, target, { name, data, faults: { data: words } })
  notify(page, words)
  return redirectTo(page, channelPath(target))
}

/** Back to one of the live pages, and to nothing else. */
function localPath(text: string): string {
  return text === '/live' || /^\/live[/?][^\\\s]*$/.test(text) ? text : '/live'
}
