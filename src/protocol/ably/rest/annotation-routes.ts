/** Annotations of a message, one by one (RSAN1 to RSAN3). */
import { needsClientId } from '../../../core/annotation-tally.ts'
import type { Annotation, AnnotationDraft } from '../../../core/types.ts'
import { type Result, fail, ok } from '../../../failure.ts'
import { publishingClientId } from '../../../identity/principal.ts'
import { ruleRefusal } from '../../../policy/channel-rule.ts'
import { readAnnotations } from '../wire/annotation-reader.ts'
import { annotationValue } from '../wire/values.ts'
import type { RestAnswer } from './answer.ts'
import { type ChannelParts, type Visitor, countTraffic, headOf, visit } from './channel-call.ts'
import { bodyLimit } from './channel-routes.ts'
import { listAnswer, readPage } from './lists.ts'
import { isKept, signedExtras } from './publish.ts'
import type { RestCall, RestRoute } from './routes.ts'

const ANNOTATIONS = '/channels/:channel/messages/:serial/annotations'

export function annotationRoutes(parts: ChannelParts): RestRoute[] {
  return [
    {
      method: 'POST',
      path: ANNOTATIONS,
      maxBodyBytes: bodyLimit(parts),
      handle: (call) => postAnnotations(parts, call),
    },
    { method: 'GET', path: ANNOTATIONS, handle: (call) => getAnnotations(parts, call) },
  ]
}

async function postAnnotations(parts: ChannelParts, call: RestCall): Promise<Result<RestAnswer>> {
  const visitor = await visit(parts, call, 'annotation-publish')
  if (!visitor.ok) return visitor
  const body = await call.body()
  if (!body.ok) return body
  const { limits } = parts
  const read = readAnnotations(body.value.value, call.params['serial']!, { limits })
  if (!read.ok) return read
  const { channel } = visitor.value
  const counts = parts.counters.of(channel.realm)
  const receipt = annotate(parts, visitor.value, read.value)
  if (!receipt.ok) {
    counts.inbound.rest.messages.refused += read.value.length
    return receipt
  }
  countTraffic(counts.inbound.rest.messages, read.value)
  const { id, serials, kept } = receipt.value
  if (kept && !(await isKept(kept))) return fail('not_kept')
  return ok({ status: 201, value: { channel: channel.name, messageId: id, serials } })
}

function annotate(parts: ChannelParts, visitor: Visitor, drafts: readonly AnnotationDraft[]) {
  const { principal, channel, secure } = visitor
  const signed: AnnotationDraft[] = []
  for (const draft of drafts) {
    const clientId = publishingClientId(principal, draft.clientId)
    if (!clientId.ok) return clientId
    if (clientId.value === undefined && needsClientId(draft.type))
      return fail<never>('identity_required', 'annotations of this type are of clients with an id')
    const extras = signedExtras(draft.extras, visitor)
    signed.push({ ...draft, clientId: clientId.value, extras })
  }
  const isIdentified = signed.every(({ clientId }) => clientId !== undefined)
  const refusal =
    ruleRefusal(parts.broker.rule(channel), { secure, isIdentified }) ??
    parts.rates.refuse(principal, channel.name, signed.length)
  if (refusal) return { ok: false as const, failure: refusal }
  return parts.publisher.annotate(channel, signed, { connectionId: undefined, id: undefined })
}

async function getAnnotations(parts: ChannelParts, call: RestCall): Promise<Result<RestAnswer>> {
  const visitor = await visit(parts, call, 'annotation-subscribe')
  if (!visitor.ok) return visitor
  const page = readPage(call.query, 'forwards')
  if (!page.ok) return page
  const { broker } = parts
  const { channel } = visitor.value
  const history = broker.history(channel)
  const serial = call.params['serial']!
  if (!history.message(channel, serial)) return fail('message_unknown')
  const slice = history.annotations(channel, serial, page.value)
  const toValue = (annotation: Annotation) => annotationValue(annotation, call.format)
  return ok(listAnswer('annotations', call, slice, toValue, headOf(broker.channel(channel))))
}
