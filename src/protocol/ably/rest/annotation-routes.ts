/** Annotations of a message, one by one (RSAN1 to RSAN3). */
import type { Annotation } from '../../../core/types.ts'
import { type Result, fail, ok } from '../../../failure.ts'
import { readAnnotations } from '../wire/annotation-reader.ts'
import { annotationValue } from '../wire/values.ts'
import { annotate } from '../http/channel/annotate.ts'
import type { RestAnswer } from '../http/answer.ts'
import { type Answering, bodyThenIdentify } from '../http/body-then-identify.ts'
import {
  type ChannelParts,
  bodyLimit,
  headOf,
  identifyOnChannel,
} from '../http/channel/channel-caller.ts'
import { ENTRIES } from '../http/body.ts'
import { listAnswer, readInTurn, readPage } from '../http/lists.ts'
import type { RestCall, RestRoute } from '../http/router.ts'

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

function postAnnotations(parts: ChannelParts, call: RestCall): Answering {
  return bodyThenIdentify(
    () => identifyOnChannel(parts, call, 'annotation-publish'),
    () => call.body(ENTRIES),
    async (author, body) => {
      const read = readAnnotations(body.value, call.params['serial']!, { limits: parts.limits })
      if (!read.ok) return read
      const annotated = await annotate(parts, author, read.value)
      if (!annotated.ok) return annotated
      const { id, serials } = annotated.value
      return ok({ status: 201, value: { channel: author.channel.name, messageId: id, serials } })
    },
  )
}

async function getAnnotations(parts: ChannelParts, call: RestCall): Promise<Result<RestAnswer>> {
  const caller = await identifyOnChannel(parts, call, 'annotation-subscribe')
  if (!caller.ok) return caller
  const page = readPage(call.query, 'forwards')
  if (!page.ok) return page
  const { histories, registry } = parts
  const { channel } = caller.value
  const history = histories.of(channel)
  const serial = call.params['serial']!
  if (!history.message(channel, serial)) return fail('message_unknown')
  const read = () => history.annotations(channel, serial, page.value)
  const slice = await readInTurn(parts.turns, read)
  const toValue = (annotation: Annotation) => annotationValue(annotation, call.format)
  return ok(
    listAnswer(
      'annotations',
      call,
      { ...slice, fixed: headOf(registry.channel(channel)) },
      toValue,
    ),
  )
}
