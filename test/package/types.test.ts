import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { describe, expect, inject, it } from 'vitest';
import { entryPoints } from '../../tsup.config.js';

const dist = join(inject('packed'), 'package', 'dist');

describe('the type files', () => {
  it('have no `any`', () => {
    const found: string[] = [];
    for (const name of readdirSync(dist, { recursive: true, encoding: 'utf8' })) {
      if (!/\.d\.c?ts$/.test(name)) continue;
      const file = ts.createSourceFile(name, readFileSync(join(dist, name), 'utf8'), ts.ScriptTarget.ES2022);
      const look = (node: ts.Node) => {
        if (node.kind === ts.SyntaxKind.AnyKeyword) {
          const { line } = file.getLineAndCharacterOfPosition(node.pos);
          found.push(`${name}:${line + 1}`);
        }
        ts.forEachChild(node, look);
      };
      look(file);
    }
    expect(found).toEqual([]);
  });

  it('explain every exported name, and every option of a balancer and of an endpoint, on hover', () => {
    const files = Object.keys(entryPoints()).map((name) => join(dist, `${name}.d.ts`));
    const program = ts.createProgram(files, {
      noLib: true,
      types: [],
      module: ts.ModuleKind.NodeNext,
      moduleResolution: ts.ModuleResolutionKind.NodeNext,
    });
    const checker = program.getTypeChecker();
    const resolved = (symbol: ts.Symbol) =>
      symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
    const silent: string[] = [];
    let looked = 0;
    const hear = (name: string, symbol: ts.Symbol) => {
      looked++;
      if (symbol.getDocumentationComment(checker).length === 0) silent.push(name);
    };
    for (const path of files) {
      const source = program.getSourceFile(path);
      const module = source && checker.getSymbolAtLocation(source);
      if (module === undefined) throw new Error(`${path} is no module`);
      for (const exported of checker.getExportsOfModule(module)) {
        const symbol = resolved(exported);
        hear(`${path.slice(dist.length + 1)} ${exported.name}`, symbol);
        if (!/^(LoadBalancerOptions|EndpointConfig)$/.test(exported.name)) continue;
        for (const property of checker.getPropertiesOfType(checker.getDeclaredTypeOfSymbol(symbol)))
          hear(`${exported.name}.${property.name}`, property);
      }
    }
    expect(silent).toEqual([]);
    expect(looked).toBeGreaterThan(200);
  });
});
