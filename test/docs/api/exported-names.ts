import { resolve } from 'node:path';
import ts from 'typescript';

export type Kind = 'class' | 'function' | 'constant' | 'interface' | 'type';

/** A property or method of an exported class or interface. */
export interface Member {
  readonly name: string;
  readonly type: string;
  readonly text: string;
}

/** A name that an entry point exports. */
export interface ExportedName {
  readonly name: string;
  readonly kind: Kind;
  /** As TypeScript writes it: a signature, a type's right-hand side. Empty for an interface: its members say it. */
  readonly shape: string;
  /** Its docstring, tags included. */
  readonly text: string;
  readonly members: readonly Member[];
  /** Where it is declared, to know it again at another entry point. */
  readonly home: string;
}

const FORMAT =
  ts.TypeFormatFlags.NoTruncation |
  ts.TypeFormatFlags.UseAliasDefinedOutsideCurrentScope |
  ts.TypeFormatFlags.WriteArrowStyleSignature;

/** What an entry point exports, by name. */
export function exportedNames(program: ts.Program, source: string): ExportedName[] {
  const checker = program.getTypeChecker();
  const file = program.getSourceFile(resolve(source));
  const module = file && checker.getSymbolAtLocation(file);
  if (module === undefined) throw new Error(`${source} exports nothing`);
  return checker
    .getExportsOfModule(module)
    .map((symbol) => describeName(checker, symbol))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

function describeName(checker: ts.TypeChecker, exported: ts.Symbol): ExportedName {
  const symbol = exported.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(exported) : exported;
  const [declaration] = symbol.declarations ?? [];
  if (declaration === undefined) throw new Error(`${exported.name} is declared nowhere`);
  const kind = kindOf(checker, symbol, declaration);
  return {
    name: exported.name,
    kind,
    shape: shapeOf(checker, symbol, declaration, kind),
    text: docstring(checker, symbol),
    members: kind === 'class' || kind === 'interface' ? membersOf(checker, symbol, declaration) : [],
    home: `${declaration.getSourceFile().fileName}#${symbol.name}`,
  };
}

function kindOf(checker: ts.TypeChecker, symbol: ts.Symbol, declaration: ts.Declaration): Kind {
  if (symbol.flags & ts.SymbolFlags.Class) return 'class';
  if (symbol.flags & ts.SymbolFlags.Interface) return 'interface';
  if (symbol.flags & ts.SymbolFlags.TypeAlias) return 'type';
  const callable = checker.getTypeOfSymbolAtLocation(symbol, declaration).getCallSignatures();
  return callable.length > 0 ? 'function' : 'constant';
}

function shapeOf(
  checker: ts.TypeChecker,
  symbol: ts.Symbol,
  declaration: ts.Declaration,
  kind: Kind,
): string {
  if (kind === 'interface') return '';
  if (kind === 'class') return constructors(checker, symbol, declaration);
  if (ts.isTypeAliasDeclaration(declaration)) return declaration.type.getText();
  return checker
    .typeToString(checker.getTypeOfSymbolAtLocation(symbol, declaration), declaration, FORMAT)
    .replace(/\s+/g, ' ');
}

function constructors(checker: ts.TypeChecker, symbol: ts.Symbol, declaration: ts.Declaration): string {
  return checker
    .getTypeOfSymbolAtLocation(symbol, declaration)
    .getConstructSignatures()
    .filter((signature) => !signature.getJsDocTags().some(({ name }) => name === 'internal'))
    .map(
      (signature) => `new ${checker.signatureToString(signature, declaration, FORMAT).replace(/\s+/g, ' ')}`,
    )
    .join('\n');
}

/** Own and inherited, those of TypeScript's and Node's own libraries left out. */
function membersOf(checker: ts.TypeChecker, symbol: ts.Symbol, at: ts.Declaration): Member[] {
  return checker
    .getDeclaredTypeOfSymbol(symbol)
    .getProperties()
    .filter((member) => member.declarations?.some(isOurs) && !isPrivate(member))
    .map((member) => {
      const optional = Boolean(member.flags & ts.SymbolFlags.Optional);
      const type = checker.getTypeOfSymbolAtLocation(member, at);
      return {
        name: `${nameOf(member)}${optional ? '?' : ''}`,
        type: checker
          .typeToString(optional ? checker.getNonNullableType(type) : type, at, FORMAT)
          .replace(/\s+/g, ' '),
        text: docstring(checker, member),
      };
    });
}

function isOurs(declaration: ts.Declaration): boolean {
  return declaration.getSourceFile().fileName.startsWith(resolve('src'));
}

/** `#name`, and the brand by which errors are known. */
function isPrivate(member: ts.Symbol): boolean {
  return /^#|^\[BRAND/.test(nameOf(member));
}

/** A member whose name is a symbol is `__@asyncDispose@123` inside. */
function nameOf(member: ts.Symbol): string {
  const declaration = member.valueDeclaration;
  const name = declaration === undefined ? undefined : ts.getNameOfDeclaration(declaration);
  return name === undefined ? member.name : name.getText();
}

function docstring(checker: ts.TypeChecker, symbol: ts.Symbol): string {
  const text = ts.displayPartsToString(symbol.getDocumentationComment(checker));
  const tags = symbol
    .getJsDocTags(checker)
    .filter(({ name }) => name !== 'example')
    .map(({ name, text: parts }) => `@${name} ${ts.displayPartsToString(parts)}`);
  return [text, ...tags].filter((part) => part !== '').join('\n');
}
