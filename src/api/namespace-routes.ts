/** The operations on channel rules, which are the namespaces of Ably's Control API v1. */
import { z } from 'zod'
import * as shapes from './app-shapes.ts'
import { ownApp } from './app-routes.ts'
import { type ApiParts, applied } from './parts.ts'
import { map, withoutUndefined } from './results.ts'
import { type Route, route } from './route.ts'
import { none } from './shapes.ts'

const appParams = z.object({ app_id: z.string() })
const namespaceParams = z.object({ app_id: z.string(), id: z.string() })

export function namespaceRoutes(parts: ApiParts): Route[] {
  return [...collectionRoutes(parts), ...singleRoutes(parts)]
}

function collectionRoutes(parts: ApiParts): Route[] {
  const { channelRules } = parts.services
  return [
    route({
      method: 'GET',
      path: '/apps/{app_id}/namespaces',
      summary: 'Lists the channel rules of an app',
      scope: 'read:namespace',
      params: appParams,
      query: none,
      status: 200,
      answer: z.array(shapes.namespace),
      handle: ({ bearer, path }) =>
        map(ownApp(parts, bearer, path.app_id), (app) =>
          channelRules.list(app).map(shapes.namespaceView),
        ),
    }),
    route({
      method: 'POST',
      path: '/apps/{app_id}/namespaces',
      summary: 'Adds a rule for the channels whose name begins with a segment',
      scope: 'write:namespace',
      params: appParams,
      query: none,
      body: shapes.newNamespace,
      status: 201,
      answer: shapes.namespace,
      handle: ({ bearer, path, body: { id, ...body } }) => {
        const app = ownApp(parts, bearer, path.app_id)
        if (!app.ok) return app
        const settings = withoutUndefined(shapes.namespaceSettingsOf(body))
        return map(applied(parts, channelRules.add(app.value, id, settings)), shapes.namespaceView)
      },
    }),
  ]
}

function singleRoutes(parts: ApiParts): Route[] {
  const { channelRules } = parts.services
  return [
    route({
      method: 'GET',
      path: '/apps/{app_id}/namespaces/{id}',
      summary: 'Reads a channel rule',
      scope: 'read:namespace',
      params: namespaceParams,
      query: none,
      status: 200,
      answer: shapes.namespace,
      handle: ({ bearer, path }) => {
        const app = ownApp(parts, bearer, path.app_id)
        return app.ok ? map(channelRules.find(app.value, path.id), shapes.namespaceView) : app
      },
    }),
    route({
      method: 'PATCH',
      path: '/apps/{app_id}/namespaces/{id}',
      summary: 'Changes a channel rule; applies at once',
      scope: 'write:namespace',
      params: namespaceParams,
      query: none,
      body: shapes.namespaceChange,
      status: 200,
      answer: shapes.namespace,
      handle: ({ bearer, path, body }) => {
        const app = ownApp(parts, bearer, path.app_id)
        if (!app.ok) return app
        const settings = withoutUndefined(shapes.namespaceSettingsOf(body))
        const changed = applied(parts, channelRules.set(app.value, path.id, settings))
        return map(changed, shapes.namespaceView)
      },
    }),
    route({
      method: 'DELETE',
      path: '/apps/{app_id}/namespaces/{id}',
      summary: 'Removes a channel rule',
      scope: 'write:namespace',
      params: namespaceParams,
      query: none,
      status: 204,
      handle: ({ bearer, path }) => {
        const app = ownApp(parts, bearer, path.app_id)
        return app.ok ? applied(parts, channelRules.remove(app.value, path.id)) : app
      },
    }),
  ]
}
