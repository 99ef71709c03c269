import { expectText, lineOf, type Place, type Project, STREAM_CALL, streamedText } from '../project.js';

const ROUTE = `
import { LoadBalancer } from 'evenkeel';
import { webHandler } from 'evenkeel/web';
const balancer = new LoadBalancer({ endpoints: [{ url: process.env.LLM_URL }] });
export const POST = webHandler(balancer);
`;

const NEST = `
import 'reflect-metadata';
import { Module, RequestMethod } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { LoadBalancer } from 'evenkeel';
import { expressBalancer } from 'evenkeel/express';
const balancer = new LoadBalancer({ endpoints: [{ url: process.env.LLM_URL }] });
class AppModule {
  configure(consumer) {
    consumer.apply(expressBalancer(balancer)).forRoutes({ path: 'v1/*path', method: RequestMethod.ALL });
  }
}
Module({})(AppModule);
const app = await NestFactory.create(AppModule, { logger: ['error'] });
await app.listen(0, '127.0.0.1');
console.log(await app.getUrl());
`;

/** Starts a server that tells its url, and streams one answer through it. */
async function streamThrough(place: Place, args: readonly string[]): Promise<void> {
  const server = place.start(args);
  const ended = new Promise((resolve) => server.on('close', resolve));
  try {
    const [url] = await lineOf(server, /http:\/\/[\w.[\]:]+:\d+/);
    const response = await fetch(`${url}/v1/chat/completions`, STREAM_CALL);
    if (!response.ok) throw new Error(`${response.status} ${await response.text()}`);
    expectText(streamedText(await response.text()), place.text);
  } finally {
    server.kill('SIGKILL');
    await ended;
  }
}

export const frameworkProjects: readonly Project[] = [
  {
    name: 'Next.js route handler',
    installed: 'all',
    files: { 'package.json': '{"private":true}', 'app/v1/chat/completions/route.js': ROUTE },
    async run(place) {
      await place.node(place.bin('next/dist/bin/next'), 'build');
      await streamThrough(place, [place.bin('next/dist/bin/next'), 'start', '-H', '127.0.0.1', '-p', '0']);
      return place.node('-p', "require('next/package.json').version");
    },
  },
  {
    name: 'NestJS middleware',
    installed: 'all',
    files: { 'main.mjs': NEST },
    async run(place) {
      await streamThrough(place, ['main.mjs']);
      return place.node('-p', "require('@nestjs/core/package.json').version");
    },
  },
];
