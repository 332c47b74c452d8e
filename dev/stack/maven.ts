import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { StackError, stackSettings } from './settings';
import { programNamed, runTool } from './tools';

export interface MavenArtifact {
  readonly group: string;
  readonly artifact: string;
  readonly version: string;
}

/** Copies artifacts and the jars that they need at run time into `folder`/libs. */
export async function copyJars(folder: string, ...wanted: readonly [MavenArtifact, ...MavenArtifact[]]): Promise<void> {
  const maven = programNamed('mvn');
  if (!maven) throw new StackError(`${wanted[0].artifact} comes through Maven, which is not on PATH: install Maven.`);
  const dependencies = wanted.map(
    ({ group, artifact, version }) =>
      `<dependency><groupId>${group}</groupId><artifactId>${artifact}</artifactId><version>${version}</version></dependency>`,
  );
  const pom = `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>ordersaga</groupId><artifactId>engine</artifactId><version>1</version><packaging>pom</packaging>
  <dependencies>${dependencies.join('')}</dependencies>
</project>
`;
  await writeFile(join(folder, 'pom.xml'), pom);
  const goal = [
    '-q',
    '-B',
    'dependency:copy-dependencies',
    '-DincludeScope=runtime',
    `-DoutputDirectory=${join(folder, 'libs')}`,
  ];
  await runTool(maven, goal, { cwd: folder });
}

/** The Java to run engines with; throws a StackError that says what to install. */
export async function javaFor(engine: string, instead: string, atLeast = 17): Promise<string> {
  const { javaHome, searchPath } = stackSettings();
  const java = programNamed('java', javaHome ? [join(javaHome, 'bin'), ...searchPath] : searchPath);
  const remedy = `install one (Debian: openjdk-17-jre-headless)${instead}.`;
  if (!java) throw new StackError(`${engine} needs Java ${atLeast} or newer, and there is none on PATH: ${remedy}`);
  const version = Number(
    /version "(\d+)/.exec(await runTool('/bin/sh', ['-c', '"$1" -version 2>&1', 'sh', java]))?.[1] ?? 0,
  );
  if (version >= atLeast) return java;
  throw new StackError(`${engine} needs Java ${atLeast} or newer, and ${java} is ${version || 'not one'}: ${remedy}`);
}
