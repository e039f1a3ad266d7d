import SystemPackage
import TestSupport

/// Source trees of small programs.
enum Programs {
  /// An HTTP server on the standard library that greets with a module's words.
  static let goServer = """
    package main

    import (
    	"fmt"
    	"net"
    	"net/http"
    	"os"

    	"example.com/greeting"
    )

    func main() {
    	listener, err := net.Listen("tcp", os.Getenv("ADDRESS"))
    	if err != nil {
    		fmt.Println(err)
    		os.Exit(1)
    	}
    	fmt.Println("listening on", listener.Addr())
    	http.HandleFunc("/", func(writer http.ResponseWriter, request *http.Request) {
    		fmt.Fprintln(writer, greeting.Hello(request.URL.Path))
    	})
    	http.Serve(listener, nil)
    }
    """

  /// The module that `goServer` imports.
  static let greeting = [
    "go.mod": "module example.com/greeting\n\ngo 1.19\n",
    "greeting.go": """
    package greeting

    // Hello greets.
    func Hello(name string) string { return "hello from " + name }

    """,
  ]

  /// Publishes `example.com/greeting` and writes a module that needs it, `go.sum` included.
  static func writeGoServer(
    to directory: TemporaryDirectory, under folder: String, proxy: GoProxy
  ) async throws {
    try await proxy.publish("example.com/greeting", "v1.0.0", greeting)
    try directory.write(goServer, to: "\(folder)/main.go")
    try directory.write(
      "module example.com/server\n\ngo 1.19\n\nrequire example.com/greeting v1.0.0\n",
      to: "\(folder)/go.mod")
    // Nothing of the modules that other tests made under the same name.
    try directory.directory("modules")
    try await go(["mod", "tidy"], in: directory(folder), proxy: proxy, directory)
  }

  /// Runs Debian's Go.
  static func go(
    _ arguments: [String], in folder: FilePath, proxy: GoProxy, _ directory: TemporaryDirectory
  ) async throws {
    var command = Command(goProgram.string, arguments)
    command.directory = folder
    command.environment["GOPROXY"] = "file://\(proxy.folder)"
    command.environment["GONOSUMDB"] = "*"
    command.environment["GOFLAGS"] = "-mod=mod -modcacherw"
    command.environment["GOPATH"] = directory("modules").string
    command.environment["GOCACHE"] = directory("modules/cache").string
    try await command.check()
  }

  /// Debian's newest `go`.
  static var goProgram: FilePath {
    let versions = Files.names(in: "/usr/lib").filter { $0.hasPrefix("go-1") }
    return FilePath("/usr/lib").appending(versions.last ?? "go").appending("bin/go")
  }

  /// A C program linked statically: small, and quick to build.
  static let c = """
    #include <errno.h>
    #include <signal.h>
    #include <stdio.h>
    #include <stdlib.h>
    #include <string.h>
    #include <unistd.h>
    #include <fcntl.h>

    static volatile sig_atomic_t got;
    static void note(int number) { got = number; }

    int main(int count, char **arguments) {
      setvbuf(stdout, NULL, _IOLBF, 0);
      const char *what = count > 1 ? arguments[1] : "";
      if (!strcmp(what, "exit")) return atoi(arguments[2]);
      if (!strcmp(what, "cat")) {
        int character;
        while ((character = getchar()) != EOF) putchar(character);
        return 0;
      }
      if (!strcmp(what, "wait")) {
        struct sigaction action = {.sa_handler = note};
        sigaction(SIGTERM, &action, NULL);
        sigaction(SIGINT, &action, NULL);
        puts("ready");
        while (!got) pause();
        printf("signal %d\\n", (int)got);
        return 40 + got;
      }
      if (!strcmp(what, "crash")) *(volatile int *)0 = 1;
      if (!strcmp(what, "status")) {
        FILE *file = fopen("/proc/self/status", "r");
        char line[256];
        while (file && fgets(line, sizeof line, file)) fputs(line, stdout);
        return 0;
      }
      if (!strcmp(what, "write")) {
        int file = open(arguments[2], O_WRONLY | O_CREAT, 0644);
        if (file < 0) return printf("%s\\n", strerror(errno)), 1;
        return write(file, "written", 7) != 7;
      }
      if (!strcmp(what, "read")) {
        char buffer[4096];
        int file = open(arguments[2], O_RDONLY);
        if (file < 0) return printf("%s\\n", strerror(errno)), 1;
        ssize_t size = read(file, buffer, sizeof buffer);
        fwrite(buffer, 1, size > 0 ? size : 0, stdout);
        return 0;
      }
      for (int i = 1; i < count; i++) printf("[%s]", arguments[i]);
      const char *value = getenv("GREETING");
      char directory[4096];
      printf("\\n%d:%d %s %s %s\\n", (int)getuid(), (int)getgid(),
        value ? value : "-", getenv("HOME"), getcwd(directory, sizeof directory));
      return 0;
    }
    """
}
